#include "dicomweb/picture_source.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "dicom/encoding.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::string_view segmentation = "1.2.840.10008.5.1.4.1.1.66.4";

// PS3.4 B.5: structured reports and key objects, presentation states, waveforms, documents.
constexpr std::array<std::string_view, 4> classes_without_frames = {
    "1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.11.", "1.2.840.10008.5.1.4.1.1.9.",
    "1.2.840.10008.5.1.4.1.1.104."};

bool may_have_frames(const store::DicomIndex::StoredPixelData& stored) {
  // Of what is elsewhere the class must do.
  if (stored.file.is_remote() && !stored.pixel_data) {
    return std::ranges::none_of(classes_without_frames, [&](std::string_view prefix) {
      return stored.file.sop_class_uid.starts_with(prefix);
    });
  }
  return stored.pixel_data ? stored.pixel_data->frame_count > 0
                           : dicom::is_deflated(stored.file.transfer_syntax_uid);
}

}  // namespace

Result<std::vector<std::int64_t>> images(Api& api, const store::DicomSelection& selection) {
  store::DicomIndex& index = api.archive().store().dicom();
  TRY(const auto keys, index.instances(selection));
  std::vector<std::int64_t> with_frames;
  for (const std::int64_t key : keys) {
    TRY(const bool is_image, has_frames(api, key));
    if (is_image) with_frames.push_back(key);
  }
  return with_frames;
}

Result<bool> has_frames(Api& api, std::int64_t key) {
  TRY(const auto stored, api.archive().store().dicom().pixel_data(key));
  return stored && may_have_frames(*stored);
}

Result<store::StoredFile> representative_instance(Api& api,
                                                  const store::DicomSelection& selection) {
  store::DicomIndex& index = api.archive().store().dicom();
  TRY(const auto keys, index.instances(selection));
  std::optional<store::StoredFile> first;
  for (const std::int64_t key : keys) {
    TRY(auto stored, index.pixel_data(key));
    if (!stored || !may_have_frames(*stored)) continue;
    const bool is_segmentation = stored->file.sop_class_uid == segmentation;
    if (!first || !is_segmentation) first = std::move(stored->file);
    if (!is_segmentation) break;
  }
  if (!first) {
    return problem(ProblemKind::not_found, "There is no image in what is asked for");
  }
  if (!selection.sop_instance_uid.empty()) return *first;
  store::DicomSelection series = first->instance;
  series.sop_instance_uid.clear();
  TRY(const auto in_series, index.instances(series));
  const std::int64_t middle = in_series[in_series.size() / 2];
  TRY(const auto stored, index.pixel_data(middle));
  return stored && may_have_frames(*stored) ? stored->file : *first;
}

Result<std::string> make_picture(Api& api, std::int64_t key, std::optional<std::uint32_t> frame,
                                 const PictureRequest& request) {
  TRY(auto object, StoredObject::find(api.archive(), key));
  if (!object) return problem(ProblemKind::not_found, "The instance has just been deleted");
  TRY(auto renderer, Renderer::open(*object, api.limits()));
  const std::uint32_t number = frame.value_or(renderer.representative_frame() + 1);
  if (number > renderer.frame_count()) {
    return problem(ProblemKind::not_found, fmt::format("There is no frame {}: the instance has {}",
                                                       number, renderer.frame_count()));
  }
  return renderer.picture(number - 1, request);
}

}  // namespace lightbox::dicomweb
