// Retrieve of frames (PS3.18 10.4.1.1.3), read where the index says that they lie.

#include "dicomweb/retrieve_frames.h"

#include <charconv>
#include <fmt/format.h>
#include <numeric>

#include "dicomweb/accept.h"
#include "dicomweb/frame_form.h"
#include "dicomweb/multipart.h"
#include "dicomweb/routes.h"
#include "dicomweb/segment_body.h"
#include "dicomweb/selection.h"
#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {
namespace {

// "1,3,2": counted from 1, in this order.
Result<std::vector<std::uint32_t>> frame_list(std::string_view text) {
  std::vector<std::uint32_t> frames;
  std::string_view rest = text;
  while (true) {
    const std::string_view item = rest.substr(0, rest.find(','));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), number);
    if (error != std::errc{} || end != item.data() + item.size() || number == 0) {
      return problem(ProblemKind::invalid,
                     fmt::format("'{}' is no list of frames: it must be numbers from 1 on, with "
                                 "commas between them",
                                 text));
    }
    frames.push_back(number);
    if (item.size() == rest.size()) return frames;
    rest.remove_prefix(item.size() + 1);
  }
}

Result<void> check_frames(const std::vector<std::uint32_t>& frames, const StoredObject& object) {
  if (!object.pixel_data()) {
    return problem(ProblemKind::not_found, fmt::format("Instance {} has no pixel data",
                                                       object.file().instance.sop_instance_uid));
  }
  const std::uint32_t count = object.pixel_data()->frame_count;
  if (count == 0) {
    return problem(ProblemKind::not_found,
                   "The frames of this instance cannot be told apart: its attributes, offset table "
                   "and pixel data do not fit together");
  }
  for (const std::uint32_t frame : frames) {
    if (frame <= count) continue;
    return problem(ProblemKind::not_found,
                   fmt::format("There is no frame {}: the instance has {}", frame, count));
  }
  return {};
}

// What is asked for, and the object that has it.
struct Wanted {
  std::vector<std::uint32_t> frames;
  Accept accept;
  StoredObject object;
};
Result<Wanted> wanted_of(Call& call) {
  TRY(const auto selection, selection_of(call));
  TRY(auto frames, frame_list(call.captures[3]));
  TRY(auto accept, Accept::of(call.request));
  TRY(auto object, StoredObject::find(call.api, selection));
  return Wanted{std::move(frames), std::move(accept), std::move(object)};
}

Result<http::Response> respond(const Call& call, const Accept& accept, StoredObject& object,
                               const std::vector<std::uint32_t>& frames) {
  TRY_DO(check_frames(frames, object));
  TRY(const auto form, choose_frame_form(accept, object.frame_transfer_syntax(), frames.size()));
  const std::string part_type = content_type_of(form.media_type, form.transfer_syntax);
  http::Response response;
  dicom::Segments segments;
  if (form.form == Form::single) {
    response.fields.emplace_back("Content-Type", part_type);
    TRY_DO(object.add_frame(frames[0] - 1, segments));
  } else {
    Multipart multipart(form.media_type);
    response.fields.emplace_back("Content-Type", multipart.content_type());
    const std::string url = url_of(call.base, object.file().instance) + "/frames/";
    for (const std::uint32_t frame : frames) {
      segments.push_back({.bytes = multipart.begin_part(part_type, url + std::to_string(frame))});
      TRY_DO(object.add_frame(frame - 1, segments));
    }
    segments.push_back({.bytes = multipart.end()});
  }
  response.fields.emplace_back("Cache-Control", "no-cache");
  TRY_DO(send_segments(object.take_source(), std::move(segments), response));
  return response;
}

}  // namespace

Result<http::Response> respond_with_all_frames(const Call& call, const Accept& accept,
                                               StoredObject& object) {
  std::vector<std::uint32_t> frames(object.pixel_data() ? object.pixel_data()->frame_count : 0);
  std::iota(frames.begin(), frames.end(), 1);
  return respond(call, accept, object, frames);
}

boost::asio::awaitable<http::Response> retrieve_frames(Call& call) {
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  const auto opened = co_await open(call.api, wanted->object);
  if (!opened) co_return call.problem_response(opened.error());
  auto response = respond(call, wanted->accept, wanted->object, wanted->frames);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

}  // namespace lightbox::dicomweb
