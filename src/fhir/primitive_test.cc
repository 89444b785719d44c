#include "fhir/primitive.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lightbox::fhir {
namespace {

struct Case {
  Primitive type;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

const std::string uuid = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520";

const std::vector<Case> cases{
    {Primitive::string,
     {"a", " ", " a\tb\r\nc ", "\xC3\xA4\xF0\x9F\x98\x80", std::string(1024 * 1024, 'x')},
     {"", std::string("a\0b", 3), "\x01", "a\x0b", "\x1f", std::string(1024 * 1024 + 1, 'x')}},
    {Primitive::markdown, {"# a\n\n* b", " "}, {"", "\x02"}},
    {Primitive::code,
     {"a", "a b", "4.0.1", "<=", "a b c"},
     {"", " ", " a", "a ", "a  b", "a\n\nb", "\ta", "a\n", "a\tb", "a\nb"}},
    {Primitive::id,
     {"a", "A-1.b", std::string(64, '1'), "1.2.840.113619.2.5"},
     {"", "a_b", "a b", std::string(65, '1'), "a/b", "\xC3\xA4"}},
    {Primitive::uri,
     {"http://a.b/c?d#e", "urn:oid:1.2", "a", "#x", "\xC3\xA4"},
     {"", " ", "a b", "a\n", " http://a"}},
    {Primitive::url, {"http://a.b", "mailto:a@b.c"}, {"", "a b"}},
    {Primitive::canonical, {"http://a.b/c|1.0", "#x"}, {"", "http://a.b/c |1.0"}},
    {Primitive::oid,
     {"urn:oid:1.2", "urn:oid:2.999.0.1234567890123456789012345"},
     {"", "1.2", "urn:oid:", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1..2",
      "urn:oid:1.2.", "urn:oid:1.a", "urn:OID:1.2"}},
    {Primitive::uuid,
     {uuid},
     {"", uuid.substr(9), "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", uuid + "0",
      uuid.substr(0, 44), "urn:uuid:c757873dxec9a-4326-a141-556f43239520"}},
    {Primitive::base64Binary,
     {"AAAA", "AA==", "AAA=", "ab+/", "AAAA\n AAAA", " AAAA "},
     {"", " ", "A", "AA", "AAA", "A===", "AA=A", "AAAA=", "====", "AA-_", "A AAA", "%%%%",
      "AA==AAAA"}},
    {Primitive::integer,
     {"0", "-1", "2147483647", "-2147483648"},
     {"-0", "1.0", "1e2", "2147483648", "-2147483649", "99999999999999999999"}},
    {Primitive::unsignedInt, {"0", "1", "2147483647"}, {"-1", "-0", "2147483648", "0.0", "1E1"}},
    {Primitive::positiveInt, {"1", "2147483647"}, {"0", "-1", "2147483648", "1.5"}},
    {Primitive::decimal, {"0", "-0.00", "1.00", "1e-10", "12345678901234567890.123"}, {}},
    {Primitive::date,
     {"2024", "2024-06", "2024-06-15", "2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29"},
     {"",           "24",         "20240615",   "2024-6",
      "2024-06-5",  "2024-02-30", "2023-02-29", "1900-02-29",
      "2024-00",    "2024-13",    "2024-04-31", "2024-06-00",
      "2024-06-32", "0000",       "0000-01-01", "2024-06-15T10:00:00Z",
      "2024-",      "2024-06-",   " 2024",      "2024 ",
      "-2024",      "+024",       "2024/06"}},
    {Primitive::dateTime,
     {"2024", "2024-06", "2024-06-15", "2024-06-15T10:30:00Z", "2024-06-15T10:30:00+02:00",
      "2024-06-15T10:30:00.123456789-13:59", "2016-12-31T23:59:60Z", "2024-06-15T00:00:00+14:00"},
     {"2024-06-15T10:30:00",
      "2024-06-15T10:30Z",
      "2024-06-15T10Z",
      "2024-06-15T",
      "2024-06T10:00:00Z",
      "2024-06-15T24:00:00Z",
      "2024-06-15T10:60:00Z",
      "2024-06-15T10:30:61Z",
      "2024-06-15T10:30:00.Z",
      "2024-06-15T10:30:00+14:01",
      "2024-06-15T10:30:00+15:00",
      "2024-06-15T10:30:00+02:60",
      "2024-06-15T10:30:00+0200",
      "2024-06-15T10:30:00+02",
      "2024-06-15T10:30:00z",
      "2024-06-15t10:30:00Z",
      "2024-06-15 10:30:00Z",
      "2024-02-30T10:30:00Z",
      "2024-06-15Z",
      "2024-06-15T10:30:00ZZ",
      "2024-06-15T1:30:00Z",
      "0000-06-15T10:30:00Z"}},
    {Primitive::instant,
     {"2024-06-15T10:30:00Z", "2024-06-15T10:30:00.000+02:00", "2015-06-30T23:59:60Z"},
     {"2024", "2024-06-15", "2024-06-15T10:30:00", "2024-02-30T00:00:00Z", ""}},
    {Primitive::time,
     {"00:00:00", "23:59:60", "14:30:00.5"},
     {"", "24:00:00", "14:30", "1:30:00", "14:30:00Z", "14:60:00", "14:30:61", "14:30:00.",
      "14:30:00 "}},
};

TEST(Primitive, AcceptsWhatR4Allows) {
  for (const Case& each : cases) {
    for (const std::string& text : each.valid) {
      EXPECT_FALSE(check_primitive(each.type, text))
          << name_of(each.type) << " " << text.substr(0, 60) << ": "
          << check_primitive(each.type, text).expected;
    }
  }
}

TEST(Primitive, RefusesTheRest) {
  for (const Case& each : cases) {
    for (const std::string& text : each.invalid) {
      const PrimitiveFault fault = check_primitive(each.type, text);
      EXPECT_TRUE(fault) << name_of(each.type) << " " << text.substr(0, 60);
      EXPECT_FALSE(fault.expected.empty());
      EXPECT_EQ(fault.code, text.size() > 1024 * 1024 ? "too-long" : "value");
    }
  }
}

TEST(Primitive, SaysWhatIsWrongWithADate) {
  EXPECT_EQ(check_primitive(Primitive::date, "2024-02-30").expected, "a day that the calendar has");
  EXPECT_TRUE(check_primitive(Primitive::dateTime, "2024-06-15T10:30:00")
                  .expected.starts_with("a time zone"));
  EXPECT_EQ(check_primitive(Primitive::date, "2024-13-01").expected, "a month from 01 to 12");
}

}  // namespace
}  // namespace lightbox::fhir
