#include "dimse/negotiation.h"

#include <gtest/gtest.h>

#include "dicom/dictionary.h"

namespace lightbox::dimse {
namespace {

constexpr const char* ct = "1.2.840.10008.5.1.4.1.1.2";
constexpr const char* jpeg_lossless = "1.2.840.10008.1.2.4.70";
constexpr const char* htj2k = "1.2.840.10008.1.2.4.201";
constexpr const char* implicit = uid::implicit_little_endian;
constexpr const char* explicit_le = uid::explicit_little_endian;
constexpr const char* modality_worklist_find = "1.2.840.10008.5.1.4.31";

TEST(Negotiation, EveryStorageSopClassOfTheStandardIsTaken) {
  const auto& classes = dicom::storage_sop_classes();
  ASSERT_GT(classes.size(), 150U);
  for (const auto& entry : classes) {
    EXPECT_EQ(service_of(entry.uid, UnknownClasses::refused), ServiceKind::storage) << entry.uid;
  }
}

TEST(Negotiation, EveryTransferSyntaxIsTaken) {
  const auto& syntaxes = dicom::transfer_syntaxes();
  ASSERT_GT(syntaxes.size(), 40U);
  for (const auto& entry : syntaxes) {
    const std::string syntax(entry.uid);
    const auto decision = decide({.id = 1, .abstract_syntax = ct, .transfer_syntaxes = {syntax}},
                                 UnknownClasses::refused);
    EXPECT_EQ(decision.transfer_syntax, syntax);
  }
}

TEST(Negotiation, WhatIsUnknownIsTakenWhenTheSettingSaysSo) {
  struct Case {
    const char* abstract_syntax;
    ServiceKind refused;
    ServiceKind stored;
  };
  const Case cases[] = {
      {uid::verification, ServiceKind::verification, ServiceKind::verification},
      {uid::storage_commitment_push_model, ServiceKind::storage_commitment,
       ServiceKind::storage_commitment},
      {uid::instance_availability_notification, ServiceKind::instance_availability,
       ServiceKind::instance_availability},
      {"1.3.46.670589.11.0.0.12.1", ServiceKind::none, ServiceKind::storage},
      {"1.2.840.10008.5.1.4.1.1.9999.1", ServiceKind::none, ServiceKind::storage},
      {"1.2.840.10008.5.9.9", ServiceKind::none, ServiceKind::none},
      {modality_worklist_find, ServiceKind::none, ServiceKind::none},
      {uid::study_root_find, ServiceKind::query, ServiceKind::query},
      {uid::patient_root_find, ServiceKind::query, ServiceKind::query},
      {uid::patient_root_move, ServiceKind::retrieve, ServiceKind::retrieve},
      {uid::patient_root_get, ServiceKind::retrieve, ServiceKind::retrieve},
      {uid::study_root_move, ServiceKind::retrieve, ServiceKind::retrieve},
      {uid::study_root_get, ServiceKind::retrieve, ServiceKind::retrieve},
      {"no uid", ServiceKind::none, ServiceKind::none},
      {"", ServiceKind::none, ServiceKind::none},
  };
  for (const auto& [syntax, refused, stored] : cases) {
    EXPECT_EQ(service_of(syntax, UnknownClasses::refused), refused) << syntax;
    EXPECT_EQ(service_of(syntax, UnknownClasses::stored), stored) << syntax;
  }
}

TEST(Negotiation, TheSendersFirstTransferSyntaxButImplicitLast) {
  struct Case {
    const char* abstract_syntax;
    std::vector<std::string> proposed;
    const char* chosen;  // "": refused
  };
  const Case cases[] = {
      {ct, {implicit}, implicit},
      {ct, {implicit, explicit_le, jpeg_lossless}, explicit_le},
      {ct, {htj2k, explicit_le, implicit}, htj2k},
      {ct, {implicit, "1.3.6.1.4.1.5962.300.1"}, "1.3.6.1.4.1.5962.300.1"},
      {ct, {"nonsense"}, ""},
      {ct, {ct}, ""},
      {ct, {}, ""},
      {uid::verification, {jpeg_lossless, implicit, explicit_le}, explicit_le},
      {uid::verification, {implicit}, implicit},
      {uid::storage_commitment_push_model, {explicit_le, implicit}, explicit_le},
      {uid::storage_commitment_push_model, {"1.2.840.10008.1.2.2"}, ""},
  };
  for (const auto& [abstract_syntax, proposed, chosen] : cases) {
    const auto decision =
        decide({.id = 1, .abstract_syntax = abstract_syntax, .transfer_syntaxes = proposed},
               UnknownClasses::stored);
    EXPECT_EQ(decision.transfer_syntax, chosen) << abstract_syntax;
    EXPECT_EQ(decision.answer,
              *chosen != '\0' ? Answer::accepted : Answer::transfer_syntaxes_not_supported);
  }
}

TEST(Negotiation, WhatIsSentGoesOutUncompressedWhereThatIsProposed) {
  struct Case {
    std::vector<std::string> proposed;
    const char* chosen;
  };
  const Case cases[] = {{{jpeg_lossless, implicit, explicit_le}, explicit_le},
                        {{jpeg_lossless, implicit}, implicit},
                        {{htj2k, jpeg_lossless}, htj2k}};
  for (const auto role : {RequestorRole::scp, RequestorRole::both}) {
    for (const auto& [proposed, chosen] : cases) {
      const auto decision =
          decide({.id = 1, .abstract_syntax = ct, .transfer_syntaxes = proposed, .role = role},
                 UnknownClasses::stored);
      EXPECT_EQ(decision.transfer_syntax, chosen);
      EXPECT_EQ(decision.role, role);
    }
  }
}

TEST(Negotiation, TheRoleOfAnScpIsOfStorageOnly) {
  const auto decision = decide({.id = 1,
                                .abstract_syntax = uid::study_root_find,
                                .transfer_syntaxes = {implicit},
                                .role = RequestorRole::scp},
                               UnknownClasses::stored);
  EXPECT_EQ(decision.role, RequestorRole::scu);
}

TEST(Negotiation, AServiceThatIsNotHereIsSaidNotToBe) {
  const auto decision =
      decide({.id = 1, .abstract_syntax = modality_worklist_find, .transfer_syntaxes = {implicit}},
             UnknownClasses::stored);
  EXPECT_EQ(decision.answer, Answer::abstract_syntax_not_supported);
}

}  // namespace
}  // namespace lightbox::dimse
