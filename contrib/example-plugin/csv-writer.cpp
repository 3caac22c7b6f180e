/* The callbacks of csv-writer. No exception may leave them: the daemon is C. */
#include "csv-writer.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

class Writer {
public:
  Writer (kk_instance *self, const csv_config &config) : self_ (self), table_name_ (config.table)
  {
    std::string name = config.file;
    if (name.empty ())
      name = std::string (kk_data_dir (self)) + "/" + kk_name (self) + ".csv";
    fd_ = open (name.c_str (), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) {
      kk_error (self, "cannot append to %s: %s", name.c_str (), std::strerror (errno));
      throw std::system_error (errno, std::generic_category ());
    }
  }
  ~Writer ()
  {
    close (fd_);
  }
  Writer (const Writer &) = delete;
  Writer &operator= (const Writer &) = delete;

  void write (const kk_sample *sample)
  {
    text_.clear ();
    const kk_schema *schema = kk_sample_schema (sample);
    if (schema_ != kk_schema_id (schema))
      look_up (schema);
    struct kk_table_info info; /* in C++ its function has the name first */
    if (table_ && !kk_table_info (sample, *table_, &info) && !info.held)
      for (uint32_t row = 0; row < info.rows; row++)
        add_row (sample, info, row);
    append ();
    schema_ = kk_schema_id (schema); /* only now: its header is in the file */
  }

  int flush ()
  {
    return fsync (fd_) ? -errno : 0;
  }

private:
  kk_instance *self_;
  std::string table_name_, text_;
  int fd_ = -1;
  std::optional<uint64_t> schema_;
  std::optional<uint32_t> table_;
  bool keyed_ = false;
  std::vector<uint32_t> decimals_; /* of each field */

  /* Another schema (after a reload): the columns may be others, so a new header is written. */
  void look_up (const kk_schema *schema)
  {
    table_.reset ();
    decimals_.clear ();
    for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
      kk_table table;
      if (kk_schema_table (schema, t, &table) || table_name_ != table.name)
        continue;
      table_ = t;
      keyed_ = table.key != nullptr;
      text_ += "time";
      if (keyed_)
        text_ += std::string (",") + table.key;
      for (uint32_t f = 0; f < table.n_fields; f++) {
        kk_field field;
        if (kk_schema_field (schema, t, f, &field))
          throw std::system_error (EINVAL, std::generic_category ());
        text_ += std::string (",") + field.name;
        decimals_.push_back (field.decimals);
      }
      text_ += '\n';
    }
    if (!table_)
      kk_warn (self_, "no table %s comes along: nothing is written", table_name_.c_str ());
  }

  void add_quoted (std::string_view s)
  {
    if (s.find_first_of (",\"\r\n") == s.npos) {
      text_ += s;
      return;
    }
    text_ += '"';
    for (char c : s) {
      if (c == '"')
        text_ += c;
      text_ += c;
    }
    text_ += '"';
  }

  template <typename... Form> void add_number (Form... form)
  {
    char digits[400];
    auto [end, error] = std::to_chars (digits, digits + sizeof digits, form...);
    if (error == std::errc ())
      text_.append (digits, end);
  }

  void add (const kk_value &v, uint32_t decimals)
  {
    switch (v.type) {
    case KK_TYPE_F64:
      if (decimals)
        add_number (v.f64, std::chars_format::fixed, static_cast<int> (decimals));
      else
        add_number (v.f64);
      break;
    case KK_TYPE_U64:
      add_number (v.u64);
      break;
    case KK_TYPE_I64:
      add_number (v.i64);
      break;
    case KK_TYPE_BOOL:
      text_ += v.boolean ? "true" : "false";
      break;
    case KK_TYPE_STRING:
      add_quoted ({v.string, v.length});
      break;
    default:
      break;
    }
  }

  void add_row (const kk_sample *sample, const struct kk_table_info &info, uint32_t row)
  {
    kk_value v;
    add_number (static_cast<double> (info.wall_ns / 1000000) / 1000, std::chars_format::fixed, 3);
    if (keyed_) {
      text_ += ',';
      if (!kk_get_key (sample, *table_, row, &v))
        add (v, 0);
    }
    for (uint32_t f = 0; f < decimals_.size (); f++) {
      text_ += ',';
      if (!kk_get (sample, *table_, row, f, &v)) /* what is not known stays empty */
        add (v, decimals_[f]);
    }
    text_ += '\n';
  }

  /* All of a sample or nothing of it. */
  void append ()
  {
    off_t before = lseek (fd_, 0, SEEK_END);
    for (size_t at = 0; at < text_.size ();) {
      ssize_t n = ::write (fd_, text_.data () + at, text_.size () - at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0) {
        int error = errno;
        if (at && ftruncate (fd_, before))
          kk_warn (self_, "half a sample stays in the file");
        throw std::system_error (error, std::generic_category ());
      }
      at += static_cast<size_t> (n);
    }
  }
};

/* What a callback returns for the exception that is being handled. */
int
caught ()
{
  try {
    throw;
  } catch (const std::system_error &e) {
    return e.code ().value () == ENOSPC || e.code ().value () == EDQUOT ? KK_RETRY : -e.code ().value ();
  } catch (const std::bad_alloc &) {
    return -ENOMEM;
  } catch (...) {
    return -EIO;
  }
}

} // namespace

int
csv_create (struct kk_instance *self, const void *config, void **state)
{
  try {
    *state = new Writer (self, *static_cast<const csv_config *> (config));
    return 0;
  } catch (...) {
    int r = caught ();
    return r < 0 ? r : -ENOSPC;
  }
}

void
csv_destroy (void *state)
{
  delete static_cast<Writer *> (state);
}

int
csv_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  try {
    for (*done = 0; *done < n; ++*done)
      static_cast<Writer *> (state)->write (samples[*done]);
    return 0;
  } catch (...) {
    return caught ();
  }
}

int
csv_flush (void *state)
{
  return static_cast<Writer *> (state)->flush ();
}
