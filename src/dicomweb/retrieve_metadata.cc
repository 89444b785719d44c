// Retrieve of metadata (PS3.18 10.4.1.1.2): what the index keeps of each instance.

#include <array>

#include "dicomweb/accept.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/metadata_body.h"
#include "dicomweb/routes.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::array offers{
    Offer{"application/dicom+json", Form::single},
    Offer{"application/json", Form::single},
    Offer{"application/dicom+xml", Form::multipart},
};

Result<http::Response> retrieve(Call& call) {
  TRY(const auto selection, selection_of(call));
  TRY(const auto accept, Accept::of(call.request));
  TRY(const auto offer, choose(accept, offers));
  TRY(auto keys, call.api.archive().store().dicom().instances(selection));
  const bool is_xml = offer.form == Form::multipart;
  const Multipart multipart(offer.type);
  http::Response response;
  response.fields = {{"Content-Type", is_xml ? multipart.content_type() : offer.type},
                     {"Cache-Control", "no-cache"}};
  auto body = std::make_shared<MetadataBody>(call.api, call.base, std::move(keys),
                                             is_xml ? MetadataFormat::xml : MetadataFormat::json,
                                             multipart);
  // What fails, fails before the answer has begun; and what is not much has a length.
  TRY(const auto first, body->make_piece());
  if (body->is_complete()) {
    response.body = first;
  } else {
    body->rewind();
    response.stream = std::move(body);
  }
  return response;
}

}  // namespace

boost::asio::awaitable<http::Response> retrieve_metadata(Call& call) {
  auto answering = answer_from_elsewhere(call, Needed::metadata);
  if (auto answer = co_await std::move(answering)) co_return std::move(*answer);
  auto response = retrieve(call);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

}  // namespace lightbox::dicomweb
