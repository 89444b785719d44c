#include "dimse/command_set.h"

#include <gtest/gtest.h>

namespace lightbox::dimse {
namespace {

using namespace std::string_literals;

TEST(CommandSet, IsWhatTheStandardWrites) {
  CommandSet command;
  command.set_uid(command::AffectedSOPClassUID, "1.2.840.10008.1.1");
  command.set_number(command::Field, 0x0030);
  command.set_number(command::MessageID, 7);
  command.set_number(command::DataSetType, no_data_set);
  EXPECT_EQ(command.encode(),
            "\0\0\0\0\4\0\0\0\x38\0\0\0"
            "\0\0\2\0\x12\0\0\0"
            "1.2.840.10008.1.1\0"
            "\0\0\0\1\2\0\0\0\x30\0"
            "\0\0\x10\1\2\0\0\0\7\0"
            "\0\0\0\x08\2\0\0\0\1\1"s);
}

TEST(CommandSet, ReadsWhatItWrites) {
  CommandSet command;
  command.set_uid(command::AffectedSOPInstanceUID, "1.2.3");
  command.set_number(command::Status, 0xC000);
  command.set_text(command::ErrorComment, "odd");
  command.set_tags(command::OffendingElement, {0x00080018, 0x00280010});
  const auto again = CommandSet::parse(command.encode());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->text(command::AffectedSOPInstanceUID), "1.2.3");
  EXPECT_EQ(again->number(command::Status), 0xC000);
  EXPECT_EQ(again->text(command::ErrorComment), "odd");
  EXPECT_EQ(again->text(command::OffendingElement), "\x08\0\x18\0\x28\0\x10"s);
  EXPECT_EQ(again->number(command::MessageID), std::nullopt);
  EXPECT_EQ(again->number(command::ErrorComment), std::nullopt);
}

TEST(CommandSet, RefusesWhatDoesNotAddUp) {
  const std::string good = "\0\0\0\1\2\0\0\0\x30\0"s;
  EXPECT_TRUE(CommandSet::parse(good).has_value());
  for (std::size_t length = 1; length < good.size(); ++length) {
    EXPECT_FALSE(CommandSet::parse(good.substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(
      CommandSet::parse("\0\0\0\1\xFF\xFF\xFF\xFF\x30\0"s).has_value());  // undefined length
  EXPECT_FALSE(CommandSet::parse("\x08\0\x18\0\2\0\0\0"
                                 "1\0"s)
                   .has_value());  // group 0008
}

}  // namespace
}  // namespace lightbox::dimse
