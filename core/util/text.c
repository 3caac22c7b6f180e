#include "text.h"

#include "units.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

enum { MAX_EXACT_POWER = 22 }; /* 10^22 is the last power of ten that a double holds exactly */
static const uint64_t EXACT_INTEGERS = UINT64_C (1) << 53;

/* Writes the digits of value so that they end before `end`; returns where they begin. */
static char *
digits_before (char *end, uint64_t value)
{
  do {
    *--end = (char) ('0' + value % 10);
    value /= 10;
  } while (value);
  return end;
}

void
text_u64 (struct buf *b, uint64_t value)
{
  char text[20], *end = text + sizeof text;
  char *start = digits_before (end, value);
  buf_add (b, start, (size_t) (end - start));
}

void
text_i64 (struct buf *b, int64_t value)
{
  if (value < 0)
    buf_addc (b, '-');
  text_u64 (b, value < 0 ? -(uint64_t) value : (uint64_t) value);
}

/* A fraction 0 <= f < 1 times `power` (at most 10^22), rounded to a whole number; a tie goes to the even one, as printf does
 * it. The product of 53 and 74 bits is exact in 128. */
static u128
scale_fraction (double fraction, u128 power)
{
  uint64_t bits;
  memcpy (&bits, &fraction, sizeof bits);
  unsigned exponent = (unsigned) (bits >> 52);
  uint64_t mantissa = bits & (EXACT_INTEGERS / 2 - 1);
  if (exponent)
    mantissa |= EXACT_INTEGERS / 2;
  else
    exponent = 1;
  unsigned shift = 1075 - exponent;
  if (shift > 127)
    return 0;
  u128 product = mantissa * power;
  u128 whole = product >> shift, rest = product - (whole << shift), half = (u128) 1 << (shift - 1);
  return whole + (rest > half || (rest == half && (whole & 1)));
}

/* WHOLE.FRACTION, the fraction being `decimals` digits of which trailing zeros but the first are left out. */
static void
add_fixed (struct buf *b, bool negative, uint64_t whole, uint64_t fraction, uint32_t decimals)
{
  char text[48], *end = text + sizeof text, *p = end;
  while (decimals > 1 && fraction % 10 == 0) {
    fraction /= 10;
    decimals--;
  }
  for (uint32_t i = 0; i < decimals; i++) {
    *--p = (char) ('0' + fraction % 10);
    fraction /= 10;
  }
  if (decimals)
    *--p = '.';
  p = digits_before (p, whole);
  if (negative)
    *--p = '-';
  buf_add (b, p, (size_t) (end - p));
}

/* A number too large for a fraction: printf writes it exactly, and without a point there is nothing that a locale could change.
 */
static void
add_huge (struct buf *b, double value, uint32_t decimals)
{
  buf_printf (b, decimals ? "%.0f.0" : "%.0f", value);
}

static void
add_rounded (struct buf *b, double value, uint32_t decimals)
{
  double size = fabs (value);
  if (size >= 0x1p63) {
    add_huge (b, value, decimals);
    return;
  }
  u128 power = 1;
  for (uint32_t i = 0; i < decimals; i++)
    power *= 10;
  uint64_t whole = (uint64_t) size;
  uint64_t fraction = (uint64_t) scale_fraction (size - (double) whole, power);
  if (fraction == (uint64_t) power) {
    whole++;
    fraction = 0;
  }
  add_fixed (b, value < 0 && (whole || fraction), whole, fraction, decimals);
}

/* Looks for a short decimal N / 10^d with N and 10^d exact as doubles: then the division is rounded once, as reading the text
 * would be, and the first d that gives the value back is the shortest. */
static bool
add_short_decimal (struct buf *b, double value)
{
  double size = fabs (value), divisor = 1;
  if (!(size < 0x1p53))
    return false;
  uint64_t whole = (uint64_t) size;
  double rest = size - (double) whole;
  u128 power = 1;
  for (uint32_t decimals = 0; decimals <= MAX_EXACT_POWER; decimals++, power *= 10, divisor *= 10) {
    u128 fraction = scale_fraction (rest, power), scaled = whole * power + fraction;
    if (scaled > EXACT_INTEGERS)
      return false;
    if ((double) (uint64_t) scaled / divisor != size)
      continue;
    if (decimals > 19 || (decimals && scaled < power / 100000))
      return false;
    uint64_t one = (uint64_t) power, n = (uint64_t) scaled;
    add_fixed (b, signbit (value), n / one, n % one, decimals);
    return true;
  }
  return false;
}

/* Lays out `n` digits with a decimal exponent of the first: plainly where that is short, else as 1.5e-7. */
static void
add_scientific (struct buf *b, bool negative, const char *digits, int n, int exponent)
{
  if (negative)
    buf_addc (b, '-');
  if (exponent < -5 || exponent > 20) {
    buf_addc (b, digits[0]);
    if (n > 1) {
      buf_addc (b, '.');
      buf_add (b, digits + 1, (size_t) (n - 1));
    }
    buf_addc (b, 'e');
    text_i64 (b, exponent);
    return;
  }
  if (exponent < 0)
    buf_adds (b, "0.");
  for (int i = exponent + 1; i < 0; i++)
    buf_addc (b, '0');
  for (int i = 0; i < n || i <= exponent; i++) {
    if (i && i == exponent + 1)
      buf_addc (b, '.');
    buf_addc (b, i < n ? digits[i] : '0');
  }
}

/* The general way: as many digits as strtod needs. Only digits are taken out of printf's text, so the locale's point is none of
 * ours. */
static void
add_shortest (struct buf *b, double value)
{
  char text[64], digits[20];
  bool was_tried = fabs (value) >= 1e-5 && fabs (value) < 0x1p49; /* up to 15 digits: add_short_decimal would have found them */
  for (int precision = was_tried ? 15 : 0; precision <= 16; precision++) {
    snprintf (text, sizeof text, "%.*e", precision, fabs (value));
    if (precision == 16 || strtod (text, NULL) == fabs (value))
      break;
  }
  int n = 0;
  const char *p = text;
  for (; *p && *p != 'e'; p++)
    if (*p >= '0' && *p <= '9' && n < (int) sizeof digits)
      digits[n++] = *p;
  while (n > 1 && digits[n - 1] == '0')
    n--;
  add_scientific (b, signbit (value), digits, n, *p ? atoi (p + 1) : 0);
}

void
text_f64 (struct buf *b, double value, uint32_t decimals)
{
  if (!isfinite (value))
    buf_adds (b, "null");
  else if (decimals)
    add_rounded (b, value, decimals > 9 ? 9 : decimals);
  else if (!add_short_decimal (b, value))
    add_shortest (b, value);
}

static void
add_time (struct buf *b, int64_t wall_ns, uint32_t digits, uint32_t unit_ns)
{
  uint64_t ns = wall_ns < 0 ? -(uint64_t) wall_ns : (uint64_t) wall_ns;
  uint64_t rest = ns % 1000000000 / unit_ns;
  char text[40], *end = text + sizeof text, *p = end;
  for (uint32_t i = 0; i < digits; i++) {
    *--p = (char) ('0' + rest % 10);
    rest /= 10;
  }
  *--p = '.';
  p = digits_before (p, ns / 1000000000);
  if (wall_ns < 0)
    *--p = '-';
  buf_add (b, p, (size_t) (end - p));
}

void
text_wall_time (struct buf *b, int64_t wall_ns)
{
  add_time (b, wall_ns, 3, 1000000);
}

void
text_wall_time_us (struct buf *b, int64_t wall_ns)
{
  add_time (b, wall_ns, 6, 1000);
}

/* ---- Strings ---- */

/* The text of a byte that JSON does not take as it is, or NULL. */
static const char *
json_escape (unsigned char c, char room[7])
{
  static const char shorts[] = "\"\"\\\\b\bf\fn\nr\rt\t";
  for (size_t i = 0; i < sizeof shorts - 1; i += 2)
    if ((unsigned char) shorts[i + 1] == c) {
      room[0] = '\\';
      room[1] = shorts[i];
      room[2] = 0;
      return room;
    }
  if (c >= 0x20 && c != 0x7f)
    return NULL;
  snprintf (room, 7, "\\u%04x", c);
  return room;
}

void
text_json_string (struct buf *b, const char *text, size_t length)
{
  const unsigned char *p = (const unsigned char *) text;
  size_t taken = 0, i = 0;
  char room[7];
  buf_addc (b, '"');
  while (i < length) {
    unsigned char c = p[i];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      i++;
      continue;
    }
    size_t bad = 1, n = c < 0x80 ? 0 : utf8_character (text + i, length - i, &bad);
    if (n) {
      i += n;
      continue;
    }
    buf_add (b, text + taken, i - taken);
    const char *escape = c < 0x80 ? json_escape (c, room) : "\xef\xbf\xbd";
    buf_adds (b, escape ? escape : "?");
    taken = i += bad;
  }
  if (length > taken)
    buf_add (b, text + taken, length - taken);
  buf_addc (b, '"');
}

/* ---- For people ---- */

void
text_bytes (struct buf *b, uint64_t bytes)
{
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    text_u64 (b, bytes);
    buf_adds (b, " B");
    return;
  }
  double value = (double) bytes / 1024;
  size_t unit = 0;
  for (; value >= 1023.95; unit++)
    value /= 1024;
  text_f64 (b, value, 1);
  buf_addc (b, ' ');
  buf_adds (b, units[unit]);
}

void
text_number (struct buf *b, double value)
{
  const double size = fabs (value);
  if (!(size < 1e15) || (size > 0 && size < 0.01))
    buf_printf (b, "%.3g", value);
  else if (value == nearbyint (value))
    buf_printf (b, "%.0f", value + 0.0); /* no -0 */
  else
    text_f64 (b, value, size < 1 ? 3 : size < 10 ? 2 : 1);
}

/* "2.0 GiB" out of bytes in any unit; false: it is no size. */
static bool
add_size (struct buf *b, double value, const char *ucum)
{
  static const struct {
    const char *unit;
    double bytes;
  } sizes[] = {{"By", 1}, {"KiBy", 1024}, {"MiBy", 1048576}, {"GiBy", 1073741824}};
  const size_t length = strcspn (ucum, "/");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    if (strlen (sizes[i].unit) == length && !memcmp (ucum, sizes[i].unit, length) && value >= 0
        && value * sizes[i].bytes < 1e18) {
      text_bytes (b, (uint64_t) (value * sizes[i].bytes));
      buf_adds (b, ucum + length);
      return true;
    }
  return false;
}

void
text_value (struct buf *b, double value, const char *ucum)
{
  char unit[64];
  if (add_size (b, value, ucum))
    return;
  units_for_people (ucum, unit, sizeof unit);
  text_number (b, value);
  if (*unit)
    buf_printf (b, " %s", unit);
}

static void
add_two (struct buf *b, uint64_t first, const char *first_unit, uint64_t second, const char *second_unit)
{
  text_u64 (b, first);
  buf_adds (b, first_unit);
  if (!second)
    return;
  buf_adds (b, second < 10 ? " 0" : " ");
  text_u64 (b, second);
  buf_adds (b, second_unit);
}

void
text_duration (struct buf *b, int64_t ns)
{
  if (ns < 0)
    buf_addc (b, '-');
  uint64_t size = ns < 0 ? -(uint64_t) ns : (uint64_t) ns, s = size / 1000000000;
  if (!size)
    buf_adds (b, "0 s");
  else if (size < 1000)
    add_two (b, size, " ns", 0, "");
  else if (size < 1000000)
    add_two (b, size / 1000, " us", 0, "");
  else if (size < 1000000000)
    add_two (b, size / 1000000, " ms", 0, "");
  else if (s < 60)
    add_fixed (b, false, s, size % 1000000000 / 100000000, size % 1000000000 >= 100000000), buf_adds (b, " s");
  else if (s < 3600)
    add_two (b, s / 60, " min", s % 60, " s");
  else if (s < 86400)
    add_two (b, s / 3600, " h", s / 60 % 60, " min");
  else
    add_two (b, s / 86400, " d", s / 3600 % 24, " h");
}
