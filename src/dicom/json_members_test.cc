#include "dicom/json_members.h"

#include <gmock/gmock.h>

namespace lightbox::dicom {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view object =
    R"({"00080020":{"vr":"DA","Value":["20240229"]},"00080050":{"vr":"SH"},)"
    R"("00080061":{"vr":"CS","Value":["CT",null,"MR"]},)"
    R"("00081030":{"vr":"LO","Value":["a \"b\" \\ }],"]},)"
    R"("00081032":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["C1"]}},{}]},)"
    R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Phonetic":"C"},{"Ideographic":"\u0007D"}]},)"
    R"("00280010":{"vr":"US","Value":[512]},"00420011":{"vr":"OB","BulkDataURI":"00420011"}})";

std::string values(Tag tag) {
  const auto member = find_member(object, tag);
  return member ? values_of(*member) : "none";
}

TEST(JsonMembersTest, GivesEachMemberAsItStands) {
  std::string again = "{";
  JsonMembers members(object);
  while (const auto member = members.next()) {
    if (again.size() > 1) again += ',';
    again += member->text;
  }
  EXPECT_EQ(again + "}", object);
}

TEST(JsonMembersTest, GivesValuesAsADataSetHasThem) {
  EXPECT_EQ(values(0x00080020), "20240229");
  EXPECT_EQ(values(0x00080050), "");
  EXPECT_EQ(values(0x00080061), "CT\\\\MR");
  EXPECT_EQ(values(0x00081030), R"(a "b" \ }],)");
  EXPECT_EQ(values(0x00100010), "A^B==C\\=\aD");
  EXPECT_EQ(values(0x00280010), "512");
  EXPECT_EQ(values(0x00420011), "");
  EXPECT_EQ(values(0x00100020), "none");
}

TEST(JsonMembersTest, TellsWhatHasAValue) {
  EXPECT_TRUE(find_member(object, 0x00080020)->has_content());
  EXPECT_FALSE(find_member(object, 0x00080050)->has_content());
  EXPECT_TRUE(find_member(object, 0x00420011)->has_content());
  EXPECT_EQ(find_member(object, 0x00420011)->content("BulkDataURI"), "\"00420011\"");
}

TEST(JsonMembersTest, GivesTheItemsOfASequence) {
  const auto items = items_of(*find_member(object, 0x00081032));
  ASSERT_THAT(items, ElementsAre(R"({"00080100":{"vr":"SH","Value":["C1"]}})", "{}"));
  EXPECT_EQ(values_of(*find_member(items[0], 0x00080100)), "C1");
  EXPECT_THAT(items_of(*find_member(object, 0x00080020)), IsEmpty());
}

TEST(JsonMembersTest, NeverReadsPastTheEndOfWhatIsCutOff) {
  for (std::size_t size = 0; size < object.size(); ++size) {
    const std::string cut(object.substr(0, size));
    JsonMembers members(cut);
    while (const auto member = members.next()) {
      (void)values_of(*member);
      (void)items_of(*member);
      (void)member->content("BulkDataURI");
    }
  }
}

}  // namespace
}  // namespace lightbox::dicom
