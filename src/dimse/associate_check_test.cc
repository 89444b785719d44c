#include "dimse/associate_check.h"

#include <gtest/gtest.h>
#include <string>

namespace lightbox::dimse {
namespace {

using namespace std::string_literals;

std::string item(char type, const std::string& value) {
  return std::string{type, 0, static_cast<char>(value.size() >> 8U),
                     static_cast<char>(value.size())} +
         value;
}

std::string context(char id, const std::string& syntaxes) {
  return item(0x20, std::string{id, 0, 0, 0} + syntaxes);
}

const std::string ct = item(0x30, "1.2.840.10008.5.1.4.1.1.2");
const std::string implicit = item(0x40, "1.2.840.10008.1.2");

std::string request(const std::string& items) {
  return "\0\1\0\0"s + "CALLED          " + "CALLING         " + std::string(32, '\0') + items;
}

TEST(AssociateCheck, TakesWhatIsWellFormed) {
  const std::string whole = request(
      item(0x10, "1.2.840.10008.3.1.1.1") + context(1, ct + implicit) + context(3, ct + implicit) +
      item(0x50, item(0x51, "\0\0\x40\0"s) + item(0x52, "1.2") + item(0x53, "\0\1\0\1"s) +
                     item(0x54, "\0\3"s + "1.2" + "\1\1"s) + item(0x55, "NAME") +
                     item(0x56, "\0\3"s + "1.2" + "\2"s) +
                     item(0x58, "\1\1\0\4"s + "user" + "\0\0"s) + item(0x7F, "whatever")));
  EXPECT_TRUE(is_well_formed_associate(whole));
  EXPECT_TRUE(is_well_formed_associate(request("")));
  // Cut anywhere, it is not; but between two items of the top level.
  std::size_t well_formed = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (is_well_formed_associate(whole.substr(0, length))) ++well_formed;
  }
  EXPECT_EQ(well_formed, 4U);
}

TEST(AssociateCheck, RefusesWhatIsNot) {
  const std::pair<const char*, std::string> wrong[] = {
      {"an even id", context(2, ct + implicit)},
      {"an id twice", context(1, ct + implicit) + context(1, ct + implicit)},
      {"no abstract syntax", context(1, implicit)},
      {"two abstract syntaxes", context(1, ct + ct + implicit)},
      {"no transfer syntax", context(1, ct)},
      {"a long UID", context(1, item(0x30, std::string(65, '1')) + implicit)},
      {"a long application context", item(0x10, std::string(65, '1'))},
      {"an item beyond its context", context(1, ct + "\x40\0\0\x50"s)},
      {"two user informations", item(0x50, "") + item(0x50, "")},
      {"a short maximum length", item(0x50, item(0x51, "\0\0"s))},
      {"a role's UID beyond its item", item(0x50, item(0x54, "\0\x09"s + "1.2" + "\1\1"s))},
      {"two user identities",
       item(0x50, item(0x58, "\1\0\0\1x\0\0"s) + item(0x58, "\1\0\0\1x\0\0"s))},
      {"a user identity's field beyond it", item(0x50, item(0x58, "\1\0\0\x09x\0\0"s))},
  };
  for (const auto& [what, items] : wrong) {
    EXPECT_FALSE(is_well_formed_associate(request(items))) << what;
  }
}

std::string answered(char id, char result, const std::string& syntaxes) {
  return item(0x21, std::string{id, 0, result, 0} + syntaxes);
}

TEST(AssociateCheck, Answers) {
  const std::string user = item(0x50, item(0x51, "\0\0\x40\0"s) + item(0x52, "1.2"));
  EXPECT_TRUE(
      is_well_formed_accept(request(item(0x10, "1.2.840.10008.3.1.1.1") + answered(1, 0, implicit) +
                                    answered(3, 4, implicit) + answered(5, 3, "") + user)));
  const std::pair<const char*, std::string> wrong[] = {
      {"an even id", answered(2, 0, implicit)},
      {"an id twice", answered(1, 0, implicit) + answered(1, 0, implicit)},
      {"no transfer syntax", answered(1, 0, "")},
      {"two transfer syntaxes", answered(1, 0, implicit + implicit)},
      {"a long UID", answered(1, 0, item(0x40, std::string(65, '1')))},
      {"an item beyond its context", answered(1, 0, "\x40\0\0\x50"s)},
      {"another item", answered(1, 0, ct)},
      {"two user informations", user + user},
  };
  for (const auto& [what, items] : wrong) {
    EXPECT_FALSE(is_well_formed_accept(request(items))) << what;
  }
  EXPECT_FALSE(is_well_formed_accept("short"));
}

}  // namespace
}  // namespace lightbox::dimse
