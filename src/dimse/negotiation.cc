#include "dimse/negotiation.h"

#include <algorithm>

#include "dicom/dictionary.h"
#include "dicom/part10.h"

namespace lightbox::dimse {
namespace {

// PS3.6 A: where the standard's own storage SOP classes are, those of newer editions too.
constexpr std::string_view storage_root = "1.2.840.10008.5.1.4.1.1.";
constexpr std::string_view standard_root = "1.2.840.10008.";

bool is_known_storage(std::string_view sop_class) {
  const auto& all = dicom::storage_sop_classes();
  return std::ranges::find(all, sop_class, &dicom::UidEntry::uid) != all.end();
}

bool is_taken(std::string_view transfer_syntax, UnknownClasses unknown) {
  if (const auto known = dicom::find_uid(transfer_syntax)) {
    return known->kind == dicom::UidKind::transfer_syntax;
  }
  return unknown == UnknownClasses::stored &&
         dicom::is_uid(transfer_syntax, dicom::UidRule::lenient);
}

}  // namespace

ServiceKind service_of(std::string_view abstract_syntax, UnknownClasses unknown) {
  if (abstract_syntax == uid::verification) return ServiceKind::verification;
  if (abstract_syntax == uid::storage_commitment_push_model) return ServiceKind::storage_commitment;
  if (abstract_syntax == uid::instance_availability_notification) {
    return ServiceKind::instance_availability;
  }
  if (abstract_syntax == uid::patient_root_find || abstract_syntax == uid::study_root_find) {
    return ServiceKind::query;
  }
  if (abstract_syntax == uid::patient_root_move || abstract_syntax == uid::patient_root_get ||
      abstract_syntax == uid::study_root_move || abstract_syntax == uid::study_root_get) {
    return ServiceKind::retrieve;
  }
  if (is_known_storage(abstract_syntax)) return ServiceKind::storage;
  if (unknown == UnknownClasses::refused || dicom::find_uid(abstract_syntax) ||
      !dicom::is_uid(abstract_syntax, dicom::UidRule::lenient)) {
    return ServiceKind::none;
  }
  const bool is_other_service =
      abstract_syntax.starts_with(standard_root) && !abstract_syntax.starts_with(storage_root);
  return is_other_service ? ServiceKind::none : ServiceKind::storage;
}

namespace {

// The higher the sooner; 0: not taken.
int preference(std::string_view transfer_syntax, ServiceKind service, RequestorRole role,
               UnknownClasses unknown) {
  const bool is_explicit = transfer_syntax == uid::explicit_little_endian;
  const bool is_implicit = transfer_syntax == uid::implicit_little_endian;
  if (service != ServiceKind::storage) {
    // Their messages are written and read here.
    if (is_explicit) return 2;
    return is_implicit ? 1 : 0;
  }
  if (!is_taken(transfer_syntax, unknown)) return 0;
  if (role == RequestorRole::scu) return is_implicit ? 1 : 2;
  if (is_explicit) return 3;
  return is_implicit ? 2 : 1;
}

}  // namespace

Decision decide(const ProposedContext& proposed, UnknownClasses unknown) {
  const ServiceKind service = service_of(proposed.abstract_syntax, unknown);
  if (service == ServiceKind::none) return {};
  const RequestorRole role = service == ServiceKind::storage ? proposed.role : RequestorRole::scu;
  std::string_view chosen;
  int best = 0;
  for (const std::string& syntax : proposed.transfer_syntaxes) {
    const int found = preference(syntax, service, role, unknown);
    if (found <= best) continue;
    best = found;
    chosen = syntax;
  }
  if (chosen.empty()) return {.answer = Answer::transfer_syntaxes_not_supported};
  return {.answer = Answer::accepted, .transfer_syntax = std::string(chosen), .role = role};
}

}  // namespace lightbox::dimse
