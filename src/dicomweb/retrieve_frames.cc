// Retrieve of frames (PS3.18 10.4.1.1.3), read where the index says that they lie.

#include "dicomweb/retrieve_frames.h"

#include <fmt/format.h>
#include <numeric>

#include "dicomweb/accept.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/frame_form.h"
#include "dicomweb/multipart.h"
#include "dicomweb/routes.h"
#include "dicomweb/segment_body.h"
#include "dicomweb/selection.h"
#include "dicomweb/stored_object.h"
#include "dicomweb/transcoded_frames.h"

namespace lightbox::dicomweb {
namespace {

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
  TRY(auto object, StoredObject::find(call.api.archive(), selection));
  return Wanted{std::move(frames), std::move(accept), std::move(object)};
}

Result<http::Response> respond_as_stored(StoredObject& object,
                                         const std::vector<std::uint32_t>& frames,
                                         const FrameForm& form, const std::string& url) {
  const std::string part_type = content_type_of(form.media_type, form.transfer_syntax);
  http::Response response;
  dicom::Segments segments;
  if (form.form == Form::single) {
    response.fields.emplace_back("Content-Type", part_type);
    TRY_DO(object.add_frame(frames[0] - 1, segments));
  } else {
    Multipart multipart(form.media_type);
    response.fields.emplace_back("Content-Type", multipart.content_type());
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

Result<FrameForm> form_of(const Accept& accept, const StoredObject& object,
                          const std::vector<std::uint32_t>& frames) {
  TRY_DO(check_frames(frames, object));
  return choose_frame_form(accept, object.frame_transfer_syntax(), frames.size());
}

boost::asio::awaitable<http::Response> respond(Call& call, const Accept& accept,
                                               StoredObject& object,
                                               std::vector<std::uint32_t> frames) {
  const auto form = form_of(accept, object, frames);
  if (!form) co_return call.problem_response(form.error());
  std::string url = url_of(call.base, object.file().instance) + "/frames/";
  if (form->is_as_stored) {
    auto response = respond_as_stored(object, frames, *form, url);
    if (!response) co_return call.problem_response(response.error());
    co_return std::move(*response);
  }
  auto responding = respond_with_transcoded(call.api, std::move(object), std::move(frames), *form,
                                            std::move(url));
  auto response = co_await std::move(responding);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

}  // namespace

boost::asio::awaitable<http::Response> respond_with_all_frames(Call& call, const Accept& accept,
                                                               StoredObject& object) {
  std::vector<std::uint32_t> frames(object.pixel_data() ? object.pixel_data()->frame_count : 0);
  std::iota(frames.begin(), frames.end(), 1);
  return respond(call, accept, object, std::move(frames));
}

boost::asio::awaitable<http::Response> retrieve_frames(Call& call) {
  auto answering = answer_from_elsewhere(call, Needed::bytes);
  if (auto answer = co_await std::move(answering)) co_return std::move(*answer);
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  const auto opened = co_await open(call.api, wanted->object);
  if (!opened) co_return call.problem_response(opened.error());
  co_return co_await respond(call, wanted->accept, wanted->object, wanted->frames);
}

}  // namespace lightbox::dicomweb
