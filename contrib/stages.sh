# Sourced by check: the stages it has, each a function stage_NAME. bash.
# shellcheck shell=bash
# shellcheck disable=SC2154 # dir, source, top, jobs, full, rotate, day are check's

# ---- Building ----

# configured NAME OPTION...: a build directory of this name, configured.
configured ()
{
  local name=$1 build=$dir/$1
  shift
  mkdir -p "$build"
  if [ ! -f "$build/Makefile" ] || [ "$source/configure" -nt "$build/config.status" ] || [ "$*" != "$(cat "$build/.options" 2>/dev/null)" ]; then
    (cd "$build" && PYTHON3=$python && export PYTHON3 && logged "$dir/logs/$name-configure" 600 "$source/configure" -q "$@") || return
    printf '%s' "$*" >"$build/.options"
  fi
}

# build NAME OPTION...: configures and compiles everything, the tests included.
build ()
{
  local name=$1
  if ! configured "$@"; then
    fail "configure for $name"
    tail -n 25 "$dir/logs/$name-configure" | sed 's/^/  | /'
    return 1
  fi
  one "build $name" "$dir/logs/$name-build" 1200 make -C "$dir/$name" -j "$jobs" check TESTS=
}

# checked NAME SECONDS ARGUMENT...: make check in a build directory.
checked ()
{
  local name=$1 limit=$2 status
  shift 2
  logged "$dir/logs/$name-check" "$limit" env "KK_FULL=$full" make -C "$dir/$name" -k -j "$jobs" check "$@"
  status=$?
  counted "$name" "$dir/logs/$name-check" "$status" "$dir/$name"
}

# turn PART OF PATTERN: of the tests on stdin, all on one line; with --rotate, of those that fit the pattern only every OF-th, other ones
# each day, and others for each PART from 0.
turn ()
{
  tr ' ' '\n' | awk -v all="$([ -n "$rotate" ] || echo 1)" -v part=$(((day + $1) % $2)) -v of="$2" -v pattern="$3" \
    'all || $0 !~ pattern || n++ % of == part' | paste -sd ' '
}

# share BUILD PART: TESTS=… with the unit tests, and those scripts whose turn it is: in three days it is that of each.
share ()
{
  echo "TESTS=$(make -s -C "$dir/$1" print-all-tests | turn "$2" 3 '[.]py$')"
}

with_cc ()
{
  if have ccache; then echo "CC=ccache $1"; else echo "CC=$1"; fi
}

# ---- Stages ----

stage_gcc ()
{
  build gcc "$(with_cc gcc)" --enable-werror && checked gcc 1800
}

# Another compiler makes other things of what the language leaves open.
stage_clang ()
{
  have clang || { skip "clang: not installed" && return; }
  build clang "$(with_cc clang)" --enable-werror || return
  local tests
  tests=$(make -s -C "$dir/clang" print-tests)
  checked clang 1200 "TESTS=$tests tests/system/life.py"
}

stage_asan ()
{
  build asan "$(with_cc gcc)" --enable-sanitize=address,undefined "CFLAGS=-O1 -g" && checked asan 1800 "$(share asan 0)"
}

# ThreadSanitizer needs a memory layout that some kernels do not give with randomisation on.
stage_tsan ()
{
  local run=()
  printf '#include <stdio.h>\nint main (void) { return puts ("ok") < 0; }\n' >"$dir/tsan-test.c"
  if ! gcc -fsanitize=thread -o "$dir/tsan-test" "$dir/tsan-test.c" >"$dir/logs/tsan-test" 2>&1; then
    skip "tsan: the compiler has no ThreadSanitizer" && return
  fi
  if ! "$dir/tsan-test" >>"$dir/logs/tsan-test" 2>&1; then
    run=(setarch "$(uname -m)" -R)
    "${run[@]}" "$dir/tsan-test" >>"$dir/logs/tsan-test" 2>&1 || { skip "tsan: ThreadSanitizer does not run on this kernel" && return; }
  fi
  build tsan "$(with_cc gcc)" --enable-sanitize=thread "CFLAGS=-O1 -g" || return
  logged "$dir/logs/tsan-check" 1800 env "KK_FULL=$full" "${run[@]}" make -C "$dir/tsan" -k -j "$jobs" check "$(share tsan 1)"
  counted tsan "$dir/logs/tsan-check" $? "$dir/tsan"
}

# valgrind_run TOOL OPTIONS: unit tests, fuzz corpora and a short life of the daemon.
valgrind_run ()
{
  local tool=$1 tests
  shift
  have valgrind || { skip "$tool: valgrind is not installed" && return; }
  if ! valgrind -q --error-exitcode=9 true >"$dir/logs/$tool-test" 2>&1; then
    skip "$tool: valgrind does not run here: $(tail -n 1 "$dir/logs/$tool-test")" && return
  fi
  build gcc "$(with_cc gcc)" --enable-werror || return
  tests=$(make -s -C "$dir/gcc" print-tests | turn 0 2 .)
  logged "$dir/logs/$tool-check" 1800 env KK_SLOW=10 KK_FUZZ_ROUNDS=3 make -C "$dir/gcc" -k -j "$jobs" check "TESTS=$tests" \
    "LOG_COMPILER=valgrind --tool=$tool -q --error-exitcode=9 $*"
  counted "$tool" "$dir/logs/$tool-check" $? "$dir/gcc"
  logged "$dir/logs/$tool-life" 900 env KK_SLOW=10 "KK_WRAPPER=valgrind --tool=$tool -q --error-exitcode=9 $*" make -C "$dir/gcc" check \
    TESTS=tests/system/life.py
  counted "$tool-life" "$dir/logs/$tool-life" $? "$dir/gcc"
}

stage_valgrind ()
{
  valgrind_run memcheck --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite
}

# The order of locks, and how threads are used; races are ThreadSanitizer's.
stage_helgrind ()
{
  valgrind_run helgrind --history-level=none "--suppressions=$source/contrib/helgrind.supp"
}

# The tarball builds, tests, installs, uninstalls and cleans itself, from a source tree that cannot be written.
stage_dist ()
{
  configured gcc "$(with_cc gcc)" --enable-werror || { fail "configure for distcheck" && return; }
  logged "$dir/logs/dist" 2400 env "PYTHON3=$python" make -C "$dir/gcc" -j "$jobs" distcheck "$(share gcc 2)"
  local status=$?
  counted dist "$dir/logs/dist" "$status" "$(printf "%s\n" "$dir"/gcc/kode-kronical-*/_build/sub | head -n 1)"
  if [ "$status" = 0 ]; then pass "make distcheck"; fi
}

# All files of the project, or those whose name fits: git knows them in a checkout, the tarball holds nothing else.
project_files ()
{
  if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
    (cd "$top" && git ls-files -- "$@")
  else
    (cd "$top" && find . -path './build*' -prune -o -type f -print | sed 's,^\./,,' | while read -r f; do
      for pattern in "$@"; do
        # shellcheck disable=SC2254
        case $f in $pattern) echo "$f" && break ;; esac
      done
    done)
  fi
}

shell_scripts ()
{
  cd "$top" && { project_files 'contrib/*' '.ci/*' 'tests/*' bootstrap '*.in' | while read -r f; do
    [ -f "$f" ] && head -c 40 "$f" | grep -qE '^#!.*/(ba)?sh' && echo "$f"
  done; } | sort -u
}

# in_top NAME COMMAND...: one test, run at the top of the source tree.
in_top ()
{
  local name=$1
  shift
  one "$name" "$dir/logs/${name%% *}" 1200 env -C "$top" "$@"
}

stage_static ()
{
  local flags places files scripts page
  configured gcc "$(with_cc gcc)" --enable-werror || { fail "configure for the static checks" && return; }
  read -ra flags <<<"$(make -s -C "$dir/gcc" print-flags)"
  mapfile -t places < <(printf '%s\n' "${flags[@]}" | grep "^-I$source")
  if have shellcheck; then
    mapfile -t scripts < <(shell_scripts)
    in_top shellcheck shellcheck -x "${scripts[@]}"
  else
    skip "shellcheck: not installed"
  fi
  if have codespell; then
    in_top codespell codespell --ignore-words contrib/spelling README bootstrap configure.ac Makefile.am core plugins include doc contrib etc
  else
    skip "codespell: not installed"
  fi
  if have cppcheck; then
    in_top cppcheck cppcheck -q --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
      --suppress=legacyUninitvar --suppress=uninitvar --suppress=shiftTooManyBitsSigned \
      --suppress=unknownMacro -D__GNUC__ -j "$jobs" "${places[@]}" core plugins
  else
    skip "cppcheck: not installed"
  fi
  if have mandoc; then
    one "man pages build" "$dir/logs/pages" 1200 make -C "$dir/gcc" -j "$jobs" all || return
    for page in "$dir"/gcc/doc/*.[1-9]; do
      [ ! -f "$page" ] || one "mandoc ${page##*/}" "$dir/logs/mandoc" 60 mandoc -Tlint -Wwarning "$page"
    done
  else
    skip "mandoc: not installed"
  fi
  if have clang-tidy; then
    mapfile -t files < <(project_files '*.c' | grep -E '^(core|plugins)/')
    printf '%s\0' "${files[@]}" >"$dir/tidy-files"
    in_top clang-tidy xargs -0 -a "$dir/tidy-files" -P "$jobs" -I{} clang-tidy --quiet '--warnings-as-errors=*' {} -- "${flags[@]}"
  else
    skip "clang-tidy: not installed"
  fi
}

# Instructions per tick, the same from run to run: for comparing by eye, no limit to keep.
stage_count ()
{
  have valgrind || { skip "count: valgrind is not installed" && return; }
  build gcc "$(with_cc gcc)" --enable-werror || return
  one "build ticks" "$dir/logs/count-build" 600 make -C "$dir/gcc" -j "$jobs" all tests/bench/ticks || return
  one "instructions per tick" "$dir/logs/count" 600 make -s -C "$dir/gcc" count && sed 's/^/  | /' "$dir/logs/count"
}

# The compiler's own path analysis, but for the checks that do not follow pointers far enough here.
stage_analyzer ()
{
  configured analyzer CC=gcc --enable-werror "CFLAGS=-O2 -g -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-use-of-uninitialized-value \
    -Wno-analyzer-null-dereference" || { fail "configure for the analyzer" && return; }
  one "gcc -fanalyzer" "$dir/logs/analyzer" 1800 make -C "$dir/analyzer" -j "$jobs" all
}

# Each fuzzer for a minute, where the stages take turns for 15 s, beginning with its corpus; what it finds is left in logs.
stage_fuzz ()
{
  have clang || { skip "fuzz: clang is not installed" && return; }
  echo 'int LLVMFuzzerTestOneInput (const char *d, long n) { return d && n < 0; }' >"$dir/fuzz-test.c"
  clang -fsanitize=fuzzer,address -o "$dir/fuzz-test" "$dir/fuzz-test.c" >"$dir/logs/fuzz-test" 2>&1 || {
    skip "fuzz: clang has no libFuzzer (libclang-rt-14-dev)" && return; }
  configured fuzz "$(with_cc clang)" --enable-fuzz --enable-sanitize=address,undefined "CFLAGS=-O1 -g" || { fail "configure for fuzz" && return; }
  one "build fuzz" "$dir/logs/fuzz-build" 1200 make -C "$dir/fuzz" -j "$jobs" || return
  local target name
  for target in "$dir"/fuzz/tests/fuzz/fuzz-*; do
    name=${target##*/fuzz-}
    case $name in *.o | *'*') continue ;; esac
    mkdir -p "$dir/fuzz/new-$name"
    one "fuzz $name" "$dir/logs/fuzz-$name" 300 "$target" "-max_total_time=$([ -n "$rotate" ] && echo 15 || echo 60)" -timeout=10 -artifact_prefix="$dir/logs/found-$name-" \
      "$dir/fuzz/new-$name" "$source/tests/fuzz/corpus/$name"
  done
}

# The tests that are shortened elsewhere, in their whole length.
stage_whole ()
{
  local tests
  build gcc "$(with_cc gcc)" --enable-werror || return
  tests=$(cd "$source" && grep -lE 'KK_FULL|\bFULL\b' -r tests/system tests/isolate --include='*.py' | grep -v 'kit\.py$' | sort | paste -sd ' ')
  logged "$dir/logs/whole-check" 1500 env KK_FULL=1 make -C "$dir/gcc" -k -j "$jobs" check "TESTS=$tests"
  counted whole "$dir/logs/whole-check" $? "$dir/gcc"
}

# Figures to read. It fails when they cannot be measured, or when one that does not hang on how busy the machine is (CPU beside the bare
# loop of the same run, wake-ups, memory) is far from what is to be reached; being a little over is only said.
stage_bench ()
{
  build gcc "$(with_cc gcc)" --enable-werror || return
  one "bench: measured, and nothing more than 3 times over its reach" "$dir/logs/bench" 1200 make -s -C "$dir/gcc" bench "BENCH=--fail-over 3"
  one "bench: every part of it has figures" "$dir/logs/bench-parts" 60 grep -q 'alert.*: CPU of a row that it does not touch' "$dir/logs/bench"
  grep -v '^ *\(CC\|CCLD\|GEN\) ' "$dir/logs/bench" | sed 's/^/  | /'
}
