// Retrieve of rendered resources (PS3.18 10.4.1.1.4) and thumbnails (10.4.1.1.6).

#include <array>
#include <fmt/format.h>

#include "dicomweb/accept.h"
#include "dicomweb/document.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/picture_source.h"
#include "dicomweb/presentation.h"
#include "dicomweb/rendered_body.h"
#include "dicomweb/routes.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::array single_offers{
    Offer{"image/jpeg", Form::single}, Offer{"image/png", Form::single},
    Offer{"image/jpeg", Form::multipart}, Offer{"image/png", Form::multipart}};
constexpr std::array multipart_offers{Offer{"image/jpeg", Form::multipart},
                                      Offer{"image/png", Form::multipart}};
constexpr std::array thumbnail_offers{Offer{"image/jpeg", Form::single},
                                      Offer{"image/png", Form::single}};
constexpr Viewport thumbnail_viewport{.width = 256, .height = 256};

struct Wanted {
  std::string base;  // the service's URL
  store::DicomSelection selection;
  std::vector<std::uint32_t> frames;  // of the URL; none: not given
  PictureRequest picture;
  Offer offer;
};

Result<Wanted> wanted_of(const Call& call) {
  Wanted wanted;
  wanted.base = call.base;
  TRY(wanted.selection, selection_of(call));
  if (call.captures.size() > 3) {
    TRY(wanted.frames, frame_list(call.captures[3]));
  }
  TRY(wanted.picture.render,
      RenderRequest::of(call.request, call.api.limits().rendered_pixels_max));
  return wanted;
}

http::Response picture_response(const Wanted& wanted) {
  http::Response response;
  response.fields.emplace_back("Cache-Control", "no-cache");
  if (auto warning = wanted.picture.render.annotations.warning(wanted.base)) {
    response.fields.emplace_back("Warning", std::move(*warning));
  }
  return response;
}

std::optional<std::uint32_t> first_frame(const std::vector<std::uint32_t>& frames) {
  return frames.empty() ? std::nullopt : std::optional(frames.front());
}

boost::asio::awaitable<Result<http::Response>> respond_with_one(
    Api& api, const Wanted& wanted, std::int64_t key, std::optional<std::uint32_t> frame) {
  std::function<Result<std::string>()> work = [&api, &wanted, key, frame] {
    return make_picture(api, key, frame, wanted.picture);
  };
  auto pending = api.pixel_lane().run<std::string>(std::move(work));
  auto picture = co_await std::move(pending);
  if (!picture) co_return std::move(picture).error();
  http::Response response = picture_response(wanted);
  response.fields.emplace_back("Content-Type", wanted.picture.media_type);
  response.body = std::move(*picture);
  co_return response;
}

boost::asio::awaitable<http::Response> or_problem(
    Call& call, boost::asio::awaitable<Result<http::Response>> responding) {
  auto response = co_await std::move(responding);
  if (!response) co_return call.problem_response(response.error());
  co_return std::move(*response);
}

http::Response respond_with_many(const Call& call, Wanted& wanted, std::vector<Rendered> pictures) {
  http::Response response = picture_response(wanted);
  Multipart multipart(wanted.picture.media_type);
  response.fields.emplace_back("Content-Type", multipart.content_type());
  response.stream = std::make_shared<RenderedBody>(call.api, call.base, std::move(pictures),
                                                   std::move(wanted.picture), std::move(multipart));
  return response;
}

// The instances, and for one of them the frames, that are to be rendered.
Result<std::vector<Rendered>> pictures_of(const Call& call, const Wanted& wanted) {
  TRY(const auto keys, images(call.api, wanted.selection));
  std::vector<Rendered> pictures;
  for (const std::int64_t key : keys) pictures.push_back({.key = key});
  if (pictures.empty()) {
    return problem(ProblemKind::not_found, "There is no image in what is asked for");
  }
  if (!wanted.frames.empty()) pictures.front().frames = wanted.frames;
  return pictures;
}

Result<void> choose_form(const Call& call, const std::vector<Rendered>& pictures, Wanted& wanted) {
  TRY(const auto accept, Accept::of(call.request));
  const bool is_one = pictures.size() == 1 && pictures.front().frames.size() <= 1;
  TRY(wanted.offer, is_one ? choose(accept, single_offers) : choose(accept, multipart_offers));
  wanted.picture.media_type = wanted.offer.type;
  return {};
}

boost::asio::awaitable<Result<http::Response>> respond_with_pictures(
    Call& call, Wanted wanted, std::vector<Rendered> pictures) {
  if (const auto chosen = choose_form(call, pictures, wanted); !chosen) co_return chosen.error();
  if (wanted.offer.form == Form::multipart) {
    co_return respond_with_many(call, wanted, std::move(pictures));
  }
  auto responding = respond_with_one(call.api, wanted, pictures.front().key,
                                     first_frame(pictures.front().frames));
  co_return co_await std::move(responding);
}

// PS3.18 8.3.5.1.3 and 8.3.5.1.4: these are for the presentation state to say.
Result<void> check_presentable(const RenderRequest& request) {
  if (request.window) {
    return problem(ProblemKind::invalid, "window is not for a presentation state: it has its own");
  }
  const auto& viewport = request.viewport;
  if (viewport && (viewport->left != 0 || viewport->top != 0 || viewport->source_width != 0 ||
                   viewport->source_height != 0)) {
    return problem(ProblemKind::invalid,
                   "viewport of a presentation state is width,height: it has a region of its own");
  }
  return {};
}

// The images that a presentation state is for, as it has them.
boost::asio::awaitable<Result<http::Response>> respond_with_presentation(Call& call,
                                                                         Wanted wanted) {
  if (const auto checked = check_presentable(wanted.picture.render); !checked) {
    co_return checked.error();
  }
  std::function<Result<std::vector<Rendered>>()> work =
      [&call, &wanted]() -> Result<std::vector<Rendered>> {
    TRY(wanted.picture.presentation, read_presentation_state(call.api, wanted.selection));
    return images_of(call.api, *wanted.picture.presentation, wanted.selection.study_uid);
  };
  auto pending = call.api.pixel_lane().run<std::vector<Rendered>>(std::move(work));
  auto pictures = co_await std::move(pending);
  if (!pictures) co_return std::move(pictures).error();
  std::vector<store::DicomSelection> images;
  for (const auto& image : wanted.picture.presentation->images) {
    images.push_back({.study_uid = wanted.selection.study_uid,
                      .series_uid = {},
                      .sop_instance_uid = image.sop_instance_uid});
  }
  auto bringing = bring(call.api, std::move(images));
  if (auto brought = co_await std::move(bringing); !brought) co_return std::move(brought).error();
  auto responding = respond_with_pictures(call, std::move(wanted), std::move(*pictures));
  co_return co_await std::move(responding);
}

// Of an instance that is a document.
boost::asio::awaitable<Result<http::Response>> respond_with_document(Call& call, Document found) {
  const auto accept = Accept::of(call.request);
  if (!accept) co_return accept.error();
  const std::array offers{Offer{found.media_type, Form::single}};
  const auto offer = choose(*accept, offers);
  if (!offer) co_return offer.error();
  Api& api = call.api;
  std::function<Result<std::string>()> work = [&api, found] { return document_of(api, found.key); };
  auto pending = api.pixel_lane().run<std::string>(std::move(work));
  auto document = co_await std::move(pending);
  if (!document) co_return std::move(document).error();
  http::Response response;
  response.fields = {{"Content-Type", found.media_type}, {"Cache-Control", "no-cache"}};
  response.body = std::move(*document);
  co_return response;
}

boost::asio::awaitable<Result<http::Response>> make_thumbnail(Api& api,
                                                              const http::Request& request,
                                                              Wanted wanted) {
  if (!wanted.picture.render.viewport) wanted.picture.render.viewport = thumbnail_viewport;
  wanted.picture.render.annotations = {};  // of 8.3.5.2 there are none
  const auto accept = Accept::of(request);
  if (!accept) co_return accept.error();
  const auto offer = choose(*accept, thumbnail_offers);
  if (!offer) co_return offer.error();
  wanted.picture.media_type = offer->type;
  const auto instance = representative_instance(api, wanted.selection);
  if (!instance) co_return instance.error();
  auto bringing = bring(api, std::vector{instance->instance});
  if (auto brought = co_await std::move(bringing); !brought) co_return std::move(brought).error();
  auto responding = respond_with_one(api, wanted, instance->key, first_frame(wanted.frames));
  co_return co_await std::move(responding);
}

}  // namespace

boost::asio::awaitable<http::Response> retrieve_rendered(Call& call) {
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  auto bringing = bring(call.api, std::vector{wanted->selection});
  if (const auto brought = co_await std::move(bringing); !brought) {
    co_return call.problem_response(brought.error());
  }
  auto pictures = pictures_of(call, *wanted);
  const bool is_instance = !wanted->selection.sop_instance_uid.empty() && wanted->frames.empty();
  if (!pictures && pictures.error().kind == ProblemKind::not_found && is_instance) {
    const auto document = find_document(call.api, wanted->selection);
    if (document && *document) {
      auto responding = respond_with_document(call, **document);
      co_return co_await or_problem(call, std::move(responding));
    }
    const auto is_presentation = is_presentation_state(call.api, wanted->selection);
    if (is_presentation && *is_presentation) {
      auto responding = respond_with_presentation(call, std::move(*wanted));
      co_return co_await or_problem(call, std::move(responding));
    }
  }
  if (!pictures) co_return call.problem_response(pictures.error());
  auto responding = respond_with_pictures(call, std::move(*wanted), std::move(*pictures));
  co_return co_await or_problem(call, std::move(responding));
}

boost::asio::awaitable<http::Response> retrieve_thumbnail(Call& call) {
  auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  auto making = make_thumbnail(call.api, call.request, std::move(*wanted));
  co_return co_await or_problem(call, std::move(making));
}

boost::asio::awaitable<Result<http::Response>> Api::thumbnail(const http::Request& request,
                                                              std::string study_uid) {
  Wanted wanted;
  wanted.selection.study_uid = std::move(study_uid);
  auto render = RenderRequest::of(request, limits().rendered_pixels_max);
  if (!render) co_return std::move(render).error();
  wanted.picture.render = std::move(*render);
  auto making = make_thumbnail(*this, request, std::move(wanted));
  co_return co_await std::move(making);
}

}  // namespace lightbox::dicomweb
