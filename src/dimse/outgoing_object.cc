#include "dimse/outgoing_object.h"

#include <algorithm>
#include <chrono>

#include "dicom/frames.h"
#include "ingest/transcode_instance.h"

namespace lightbox::dimse {
namespace {

using ingest::InstanceSegments;
using ingest::StoredObject;

Result<std::unique_ptr<dicom::Source>> decode(ingest::Archive& archive, StoredObject& object,
                                              const std::function<bool()>& goes_on) {
  constexpr std::chrono::milliseconds turn(200);
  ingest::InstanceTranscoder transcoder(archive, object, uid::explicit_little_endian);
  while (true) {
    TRY(const bool is_complete, transcoder.go_on(std::chrono::steady_clock::now() + turn));
    if (is_complete) return transcoder.take().source;
    if (!goes_on()) return problem(ProblemKind::unavailable, "The retrieval has ended");
  }
}

Result<InstanceSegments> as_stored(StoredObject& object) {
  TRY_DO(object.open_as_it_is());
  const std::uint64_t offset = object.file().data_set_offset;
  const std::uint64_t size = object.source().size();
  if (size <= offset) return problem(ProblemKind::unavailable, "The file is too short");
  return InstanceSegments{.source = object.take_source(),
                          .segments = {{.offset = offset, .length = size - offset}}};
}

Result<InstanceSegments> as_native(ingest::Archive& archive, StoredObject& object,
                                   dicom::VrForm form, const std::function<bool()>& goes_on) {
  TRY_DO(object.open());
  std::unique_ptr<dicom::Source> source;
  if (dicom::is_native(object.transfer_syntax())) {
    source = object.take_source();
  } else {
    TRY(source, decode(archive, object, goes_on));
  }
  TRY(const auto part10, dicom::Part10::read(*source, archive.options().limits));
  TRY(auto segments, dicom::native_data_set(part10, form));
  return InstanceSegments{.source = std::move(source), .segments = std::move(segments)};
}

}  // namespace

OutgoingObject::OutgoingObject(InstanceSegments object)
    : object_(std::move(object)), left_(dicom::size_of(object_.segments)) {}

Result<OutgoingObject> OutgoingObject::open(ingest::Archive& archive, std::int64_t key,
                                            SentForm form, const std::function<bool()>& goes_on) {
  TRY(auto object, StoredObject::find(archive, key));
  if (!object) return problem(ProblemKind::not_found, "The instance has been removed meanwhile");
  if (form == SentForm::as_stored) {
    TRY(auto whole, as_stored(*object));
    return OutgoingObject(std::move(whole));
  }
  const auto vrs = form == SentForm::implicit_little_endian ? dicom::VrForm::implicit_vr
                                                            : dicom::VrForm::explicit_vr;
  TRY(auto native, as_native(archive, *object, vrs, goes_on));
  return OutgoingObject(std::move(native));
}

Result<void> OutgoingObject::read(std::size_t count_max, std::string& out) {
  out.clear();
  is_damaged_ = true;  // until all is well
  while (out.size() < count_max && segment_ < object_.segments.size()) {
    const dicom::Segment& segment = object_.segments[segment_];
    std::uint64_t count = std::min<std::uint64_t>(count_max - out.size(), segment.size() - at_);
    if (segment.is_range()) {
      // Numbers that are swapped stay whole.
      if (count < segment.size() - at_) count -= count % segment.swapped_bytes;
      if (count == 0 && segment.size() > at_) break;
      const std::size_t before = out.size();
      out.resize(before + count);
      TRY_DO(dicom::read_range(*object_.source, segment, at_, std::span(out).subspan(before)));
    } else {
      out.append(segment.bytes, at_, count);
    }
    at_ += count;
    if (at_ < segment.size()) continue;
    ++segment_;
    at_ = 0;
  }
  is_damaged_ = out.empty();
  left_ -= out.size();
  return {};
}

}  // namespace lightbox::dimse
