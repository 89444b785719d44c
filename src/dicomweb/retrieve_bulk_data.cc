// Retrieve of bulk data (PS3.18 10.4.1.1.5): the value behind a BulkDataURI, or a part of it.

#include <array>
#include <fmt/format.h>

#include "dicom/tag.h"
#include "dicomweb/accept.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/media_types.h"
#include "dicomweb/multipart.h"
#include "dicomweb/retrieve_frames.h"
#include "dicomweb/routes.h"
#include "dicomweb/segment_body.h"
#include "dicomweb/selection.h"
#include "dicomweb/stored_object.h"
#include "http/range.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::array offers{
    Offer{octet_stream.data(), Form::single},
    Offer{octet_stream.data(), Form::multipart},
};

Result<dicom::Segment> segment_of(StoredObject& object, std::string_view path) {
  const auto& pixels = object.pixel_data();
  if (pixels && path == dicom::text_of(pixels->tag)) {
    return dicom::Segment{
        .offset = pixels->offset, .length = pixels->length, .swapped_bytes = pixels->swapped_bytes};
  }
  TRY(const auto value, object.bulk_value(path));
  if (!value) {
    return problem(ProblemKind::not_found,
                   fmt::format("Instance {} has no bulk data at {}",
                               object.file().instance.sop_instance_uid, path));
  }
  return dicom::Segment{
      .offset = value->offset, .length = value->length, .swapped_bytes = value->swapped_bytes};
}

// The part of a single answer that is asked for.
Result<http::Response> respond_with_range(const Call& call, StoredObject& object,
                                          const dicom::Segment& segment) {
  http::Response response;
  response.fields = {{"Content-Type", std::string(octet_stream)},
                     {"Accept-Ranges", "bytes"},
                     {"Cache-Control", "no-cache"}};
  const std::uint64_t size = segment.length;
  const auto wanted = http::wanted_range(call.request.field("Range"), size);
  if (wanted.kind == http::WantedRange::Kind::unsatisfiable) {
    response.status = 416;
    response.fields.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  if (wanted.kind == http::WantedRange::Kind::part) {
    response.status = 206;
    response.fields.emplace_back("Content-Range",
                                 fmt::format("bytes {}-{}/{}", wanted.range.first,
                                             wanted.range.first + wanted.range.length - 1, size));
  }
  dicom::Segments segments;
  if (wanted.kind == http::WantedRange::Kind::part) {
    TRY(segments,
        dicom::part_of(object.source(), segment, wanted.range.first, wanted.range.length));
  } else {
    segments.push_back(segment);
  }
  TRY_DO(send_segments(object.take_source(), std::move(segments), response));
  return response;
}

Result<http::Response> respond(const Call& call, const Accept& accept, StoredObject& object) {
  TRY(auto segment, segment_of(object, call.captures[3]));
  TRY(const auto offer, choose(accept, offers));
  if (offer.form == Form::single) return respond_with_range(call, object, segment);
  http::Response response;
  Multipart multipart(octet_stream);
  response.fields = {{"Content-Type", multipart.content_type()}, {"Cache-Control", "no-cache"}};
  const std::string url = url_of(call.base, object.file().instance) + "/bulkdata/";
  dicom::Segments segments;
  segments.push_back(
      {.bytes = multipart.begin_part(content_type_of(octet_stream, explicit_little_endian),
                                     url + call.captures[3])});
  segments.push_back(std::move(segment));
  segments.push_back({.bytes = multipart.end()});
  TRY_DO(send_segments(object.take_source(), std::move(segments), response));
  return response;
}

struct Wanted {
  Accept accept;
  StoredObject object;
};
Result<Wanted> wanted_of(Call& call) {
  TRY(const auto selection, selection_of(call));
  TRY(auto accept, Accept::of(call.request));
  TRY(auto object, StoredObject::find(call.api.archive(), selection));
  return Wanted{std::move(accept), std::move(object)};
}

// Encapsulated pixel data has no value of its own: it is its frames (PS3.18 8.7.3.3.2).
bool is_frames(const Call& call, const StoredObject& object) {
  const auto& pixels = object.pixel_data();
  return pixels && pixels->frame_bits == 0 && call.captures[3] == dicom::text_of(pixels->tag);
}

}  // namespace

boost::asio::awaitable<http::Response> retrieve_bulk_data(Call& call) {
  auto answering = answer_from_elsewhere(call, Needed::bytes);
  if (auto answer = co_await std::move(answering)) co_return std::move(*answer);
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  const auto opened = co_await open(call.api, wanted->object);
  if (!opened) co_return call.problem_response(opened.error());
  StoredObject& object = wanted->object;
  if (is_frames(call, object)) {
    co_return co_await respond_with_all_frames(call, wanted->accept, object);
  }
  auto response = respond(call, wanted->accept, object);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

}  // namespace lightbox::dicomweb
