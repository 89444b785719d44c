#include "dimse/commitment.h"

#include <fmt/format.h>

#include "dicom/part10.h"
#include "dimse/encoder.h"
#include "dimse/negotiation.h"
#include "dimse/status.h"

namespace lightbox::dimse {
namespace {

namespace tags = dicom::tags;

// 0: it is safe.
std::uint16_t failure_of(ingest::Archive& archive, const store::StoredFile& file,
                         const SopReference& reference) {
  if (file.sop_class_uid != reference.sop_class_uid) return status_code::class_instance_conflict;
  const auto stored = archive.open_file(file.file);
  if (!stored || (*stored)->size() != file.file_bytes) {
    return status_code::processing_failure;
  }
  return status_code::success;
}

void put_reference(Encoder& item, const SopReference& reference) {
  item.uid(tags::ReferencedSOPClassUID, reference.sop_class_uid);
  item.uid(tags::ReferencedSOPInstanceUID, reference.sop_instance_uid);
}

}  // namespace

Result<CommitmentRequest> parse_commitment(std::string_view data_set,
                                           std::string_view transfer_syntax, const Limits& limits) {
  dicom::MemorySource source(data_set);
  TRY(const auto object, dicom::Part10::read(source, limits, transfer_syntax));
  const dicom::DataSet& information = object.data_set();
  CommitmentRequest request{.transaction_uid = std::string(information.first(tags::TransactionUID)),
                            .references = {}};
  if (!dicom::is_uid(request.transaction_uid, dicom::UidRule::lenient)) {
    return problem(ProblemKind::invalid,
                   fmt::format("(0008,1195) Transaction UID is '{}'; it must be a UID",
                               request.transaction_uid));
  }
  for (const dicom::DataSet& item : information.items(tags::ReferencedSOPSequence)) {
    SopReference reference{
        .sop_class_uid = std::string(item.first(tags::ReferencedSOPClassUID)),
        .sop_instance_uid = std::string(item.first(tags::ReferencedSOPInstanceUID))};
    if (reference.sop_class_uid.empty() || reference.sop_instance_uid.empty()) {
      return problem(ProblemKind::invalid,
                     "(0008,1199) An item has no Referenced SOP Class or Instance UID");
    }
    request.references.push_back(std::move(reference));
  }
  if (request.references.empty()) {
    return problem(ProblemKind::invalid, "(0008,1199) Referenced SOP Sequence is empty");
  }
  return request;
}

CommitmentReport look_up(ingest::Archive& archive, std::string_view ae_title,
                         const CommitmentRequest& request) {
  CommitmentReport report{.ae_title = std::string(ae_title),
                          .transaction_uid = request.transaction_uid,
                          .committed = {},
                          .failed = {}};
  std::vector<std::string> uids;
  uids.reserve(request.references.size());
  for (const SopReference& reference : request.references) {
    uids.push_back(reference.sop_instance_uid);
  }
  archive.await_index();
  const auto found = archive.store().dicom().find(uids);
  for (std::size_t i = 0; i < uids.size(); ++i) {
    const SopReference& reference = request.references[i];
    std::uint16_t reason = status_code::processing_failure;
    if (found) {
      const auto& file = (*found)[i];
      // What another archive has, and what is a copy of that, is not in this one's care.
      reason = file && !file->is_remote() && !file->is_fetched
                   ? failure_of(archive, *file, reference)
                   : status_code::no_such_object_instance;
    }
    if (reason == status_code::success) {
      report.committed.push_back(reference);
    } else {
      report.failed.push_back({.reference = reference, .reason = reason});
    }
  }
  return report;
}

std::string encode_request(const CommitmentRequest& request) {
  return encode_report({.ae_title = {},
                        .transaction_uid = request.transaction_uid,
                        .committed = request.references,
                        .failed = {}},
                       uid::explicit_little_endian);
}

std::string encode_report(const CommitmentReport& report, std::string_view transfer_syntax) {
  const auto vrs = transfer_syntax == uid::implicit_little_endian ? Encoder::Vrs::implicit
                                                                  : Encoder::Vrs::explicit_;
  std::vector<std::string> failed;
  for (const auto& [reference, reason] : report.failed) {
    Encoder item(vrs);
    put_reference(item, reference);
    item.number(tags::FailureReason, reason);
    failed.push_back(item.bytes());
  }
  std::vector<std::string> committed;
  for (const SopReference& reference : report.committed) {
    Encoder item(vrs);
    put_reference(item, reference);
    committed.push_back(item.bytes());
  }
  Encoder information(vrs);
  information.uid(tags::TransactionUID, report.transaction_uid);
  if (!failed.empty()) information.sequence(tags::FailedSOPSequence, failed);
  if (!committed.empty()) information.sequence(tags::ReferencedSOPSequence, committed);
  return information.bytes();
}

}  // namespace lightbox::dimse
