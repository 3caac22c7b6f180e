"""kode-kronical-plugin(3): every public name of plugin.h is in it, declared as the header does."""

import os
import re
import shutil
import subprocess

import kit
import kk

INNER = {"KK_LOG_FUNCTION_", "KK_OPTION_", "kk_host", "kk_unused"}


def header ():
    with open (os.path.join (kk.SOURCE, "include", "kode-kronical", "plugin.h"), encoding="utf-8") as f:
        return f.read ()


def page ():
    with open (os.path.join (kk.SOURCE, "doc", "kode-kronical-plugin.3.pod"), encoding="utf-8") as f:
        prose = f.read ()
    awk = ["awk", "-f", os.path.join (kk.SOURCE, "doc", "plugin-manual"), os.path.join (kk.SOURCE, "include", "kode-kronical", "plugin.h")]
    r = subprocess.run ([*awk, os.path.join (kk.SOURCE, "doc", "kode-kronical-plugin.3.pod")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        check=False, encoding="utf-8")
    kk.check (r.returncode == 0, "every declaration that the page asks for is in plugin.h", r.stderr)
    names = subprocess.run ([*awk[:1], "-v", "names=1", *awk[1:]], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout.split ()
    return prose, r.stdout, names


@kk.test
def every_name (home):
    "every public function, struct, enum, constant and macro of plugin.h is in the manual"
    text = header ()
    names = set (re.findall (r"^kk_\w+(?= \()", text, re.M)) | set (re.findall (r"^KK_LOG_FUNCTION_ \((\w+)", text, re.M))
    names |= set (re.findall (r"^(?:struct|enum) (kk_\w+) \{", text, re.M)) | set (re.findall (r"^\s*#define (KK_\w+)", text, re.M))
    for body in re.findall (r"^enum kk_\w+ \{(.*?)\}", text, re.M | re.S):
        names |= set (re.findall (r"\bKK_\w+", re.sub (r"/\*.*?\*/", "", body, flags=re.S)))
    names -= INNER
    kk.check (len (names) > 120, "the header was understood", sorted (names))
    prose, whole, listed = page ()
    missing = sorted (n for n in names if not re.search (rf"\b{n}\b", whole))
    kk.equal (missing, [], "to be described in doc/kode-kronical-plugin.3.pod")
    functions = {n for n in names if re.search (rf"^{n} \(|^KK_LOG_FUNCTION_ \({n},", text, re.M)}
    heads = " ".join (re.findall (r"^=head2 (.*)", prose, re.M))
    kk.equal (sorted (n for n in functions if not re.search (rf"\b{n}\b", heads)), [], "functions without an entry of their own")
    structs = set (re.findall (r"^struct (kk_\w+) \{", text, re.M)) - INNER
    kk.equal (sorted (n for n in structs if f"struct {n}" not in " ".join (re.findall (r"^=for declaration (.*)", prose, re.M))), [],
              "structs whose declaration is not in the manual")
    kk.equal (sorted ((functions | structs) - set (listed)), [], "names without a page of their own")
    kk.equal (whole.count ("{"), whole.count ("}"), "every struct is there to its end")


@kk.test
def installed (home):
    "man finds the page by the name of each function and struct, and mandoc finds no mistake in it"
    stage = kit.stage ()
    try:
        main = stage.find ("kode-kronical-plugin.3")
    except kk.Failed:
        kk.skip ("built without pod2man")
    man3 = os.path.dirname (main)
    for name in page ()[2]:
        with open (os.path.join (man3, name + ".3"), encoding="utf-8") as f:
            kk.equal (f.read (), ".so man3/kode-kronical-plugin.3\n", name)
    if shutil.which ("mandoc"):
        r = home.run ("-Tlint", "-Wwarning", main, program="mandoc")
        kk.equal (r.out, "", "mandoc")
        r = home.run ("-Tutf8", main, program="mandoc").ok ()
        kk.check (re.search (r"int kk_refuse \(struct kk_fault", re.sub (".\b", "", r.out)), "a declaration in the page", r.out[-2000:])


@kk.test
def eighty_columns (home):
    "no manual page is wider than a terminal of 80 columns"
    kk.need_tool ("mandoc")
    stage = kit.stage ()
    pages = [os.path.join (top, n) for top, _, names in os.walk (os.path.join (stage.dest)) for n in names
             if re.fullmatch (r"(kode-kronical|daemon|install).*\.[158]|kode-kronical-plugin\.3", n)]
    if not pages:
        kk.skip ("built without pod2man")
    for page_file in pages:
        r = home.run ("-Tutf8", "-Owidth=80", page_file, program="mandoc").ok ()
        lines = re.sub (".\b", "", r.out).splitlines ()
        kk.check (len (lines) > 20, "the page", page_file)
        kk.equal ([line for line in lines if len (line) > 80], [], os.path.basename (page_file))


kk.main ()
