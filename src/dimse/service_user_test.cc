#include "dimse/service_user.h"

#include <gtest/gtest.h>
#include <set>

namespace lightbox::dimse {
namespace {

// Distinct odd ids after the first; the role of an SCP once of each SOP class (PS3.7 D.3.3.4).
void expect_sound(const std::vector<ProposedContext>& contexts, std::uint8_t first_id) {
  std::set<int> ids;
  std::set<std::string> classes;
  for (const ProposedContext& context : contexts) {
    EXPECT_GE(context.id, first_id);
    EXPECT_EQ(context.id % 2, 1);
    EXPECT_TRUE(ids.insert(context.id).second);
    EXPECT_FALSE(context.transfer_syntaxes.empty());
    const bool is_first = classes.insert(context.abstract_syntax).second;
    EXPECT_EQ(context.role, is_first ? RequestorRole::scp : RequestorRole::scu);
  }
}

TEST(ServiceUser, AFewClassesHaveAContextForEachTransferSyntax) {
  const auto contexts = storage_contexts({"1.2.840.10008.5.1.4.1.1.2"}, 3);
  expect_sound(contexts, 3);
  EXPECT_EQ(contexts.size(), 19U);
  for (const auto& context : contexts) EXPECT_EQ(context.transfer_syntaxes.size(), 1U);
}

TEST(ServiceUser, ManyClassesHaveOneEach) {
  const auto classes = usual_storage_classes();
  EXPECT_GT(classes.size(), 100U);
  const auto contexts = storage_contexts(classes, 3);
  expect_sound(contexts, 3);
  EXPECT_LE(contexts.size(), 127U);
  EXPECT_EQ(contexts.front().transfer_syntaxes.size(), 19U);
  EXPECT_EQ(contexts.front().transfer_syntaxes.front(), uid::explicit_little_endian);
}

TEST(ServiceUser, TheLastContextHasTheRest) {
  std::vector<std::string> classes;
  for (int i = 0; i < 20; ++i) classes.push_back("1.2.3." + std::to_string(i));
  const auto contexts = storage_contexts(classes, 3);
  expect_sound(contexts, 3);
  EXPECT_EQ(contexts.size(), 120U);
  EXPECT_EQ(contexts[5].transfer_syntaxes.size(), 14U);
  EXPECT_TRUE(storage_contexts({}, 3).empty());
}

}  // namespace
}  // namespace lightbox::dimse
