// The URI service (PS3.18 9): one object by query parameters, as DICOM or as a picture.

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <map>

#include "dicom/part10.h"
#include "dicomweb/accept.h"
#include "dicomweb/elsewhere.h"
#include "dicomweb/instances_body.h"
#include "dicomweb/media_types.h"
#include "dicomweb/picture_source.h"
#include "dicomweb/presentation.h"
#include "dicomweb/routes.h"
#include "dicomweb/segment_body.h"

namespace lightbox::dicomweb {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

std::string value_of(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

Result<std::optional<double>> number_of(const Parameters& parameters, std::string_view name,
                                        double least, double most) {
  const std::string text = value_of(parameters, name);
  if (text.empty()) return std::optional<double>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= least &&
      number <= most) {
    return std::optional(number);
  }
  return problem(ProblemKind::invalid, fmt::format("{} is '{}'; it must be a number from {} to {}",
                                                   name, text, least, most));
}

Result<std::string> uid_of(const Parameters& parameters, std::string_view name) {
  std::string uid = value_of(parameters, name);
  if (dicom::is_uid(uid, dicom::UidRule::lenient)) return uid;
  return problem(ProblemKind::invalid,
                 fmt::format("{} is '{}'; it must be a UID: digits and dots, 64 characters at most",
                             name, uid));
}

struct Wanted {
  store::DicomSelection instance;
  std::string media_type;
  std::string transfer_syntax;  // of application/dicom
  std::optional<std::uint32_t> frame;
  PictureRequest picture;
  std::optional<store::DicomSelection> presentation;  // that the image is to be shown with
};

// 9.5.1.2.5: xmin,ymin,xmax,ymax.
Result<PictureRegion> region_of(const std::string& text) {
  std::string_view rest = text;
  bool is_right = true;
  std::array<double, 4> numbers{};
  for (double& number : numbers) {
    const std::string_view part = rest.substr(0, rest.find(','));
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    is_right = is_right && error == std::errc{} && end == part.data() + part.size() &&
               number >= 0 && number <= 1;
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  const auto& [left, top, right, bottom] = numbers;
  if (!is_right || !rest.empty() || left >= right || top >= bottom) {
    return problem(
        ProblemKind::invalid,
        fmt::format("region is '{}'; it must be xmin,ymin,xmax,ymax, each from 0 to 1", text));
  }
  return PictureRegion{.left = left, .top = top, .right = right, .bottom = bottom};
}

Result<void> read_picture(const Parameters& parameters, Wanted& wanted) {
  constexpr double size_max = 65535;
  TRY(const auto rows, number_of(parameters, "rows", 1, size_max));
  TRY(const auto columns, number_of(parameters, "columns", 1, size_max));
  TRY(const auto center, number_of(parameters, "windowCenter", -1e30, 1e30));
  TRY(const auto width, number_of(parameters, "windowWidth", 1, 1e30));
  TRY(const auto quality, number_of(parameters, "imageQuality", 1, 100));
  TRY(const auto frame, number_of(parameters, "frameNumber", 1, 4e9));
  if (center.has_value() != width.has_value()) {
    return problem(ProblemKind::invalid, "windowCenter and windowWidth go together");
  }
  if (rows || columns) {
    wanted.picture.render.viewport =
        Viewport{.width = static_cast<std::uint32_t>(columns.value_or(size_max)),
                 .height = static_cast<std::uint32_t>(rows.value_or(size_max))};
  }
  if (center) wanted.picture.render.window = dicom::Window{.center = *center, .width = *width};
  if (quality) wanted.picture.render.quality = static_cast<int>(*quality);
  if (frame) wanted.frame = static_cast<std::uint32_t>(*frame);
  if (const auto region = value_of(parameters, "region"); !region.empty()) {
    TRY(wanted.picture.render.region, region_of(region));
  }
  if (parameters.contains("annotation")) {
    TRY(wanted.picture.render.annotations, Annotations::of(value_of(parameters, "annotation")));
  }
  return {};
}

// What cannot be done is refused rather than left out where that would give away, or hide,
// something.
Result<void> check_supported(const Parameters& parameters) {
  if (value_of(parameters, "requestType") != "WADO") {
    return problem(ProblemKind::invalid, fmt::format("requestType is '{}'; it must be WADO",
                                                     value_of(parameters, "requestType")));
  }
  if (const auto anonymize = value_of(parameters, "anonymize"); !anonymize.empty()) {
    return problem(ProblemKind::not_supported, "anonymize: objects are not de-identified here");
  }
  return {};
}

// 9.5.1.2.7: of the other parameters, only what does not say the same again.
Result<void> read_presentation(const Parameters& parameters, Wanted& wanted) {
  constexpr std::array both = {"presentationSeriesUID", "presentationUID"};
  const auto is_given = [&](const char* name) { return !value_of(parameters, name).empty(); };
  if (std::ranges::none_of(both, is_given)) return {};
  if (!std::ranges::all_of(both, is_given)) {
    return problem(ProblemKind::invalid, "presentationSeriesUID and presentationUID go together");
  }
  if (wanted.media_type == "application/dicom" || wanted.frame || wanted.picture.render.window) {
    return problem(ProblemKind::invalid,
                   "presentationUID goes with pictures, without frameNumber and window");
  }
  wanted.presentation = {.study_uid = wanted.instance.study_uid};
  TRY(wanted.presentation->series_uid, uid_of(parameters, both[0]));
  TRY(wanted.presentation->sop_instance_uid, uid_of(parameters, both[1]));
  return {};
}

Result<Wanted> wanted_of(const Call& call) {
  constexpr std::array offers{Offer{"image/jpeg", Form::single}, Offer{"image/png", Form::single},
                              Offer{"application/dicom", Form::single}};
  TRY(auto pairs, http::decode_form(call.request.query));
  Parameters parameters(pairs.begin(), pairs.end());
  TRY_DO(check_supported(parameters));
  Wanted wanted;
  TRY(wanted.instance.study_uid, uid_of(parameters, "studyUID"));
  TRY(wanted.instance.series_uid, uid_of(parameters, "seriesUID"));
  TRY(wanted.instance.sop_instance_uid, uid_of(parameters, "objectUID"));
  // 9.1.2.1.2: contentType goes before Accept.
  http::Request types = call.request;
  types.query.clear();
  if (const auto given = value_of(parameters, "contentType"); !given.empty()) {
    types.fields = {{"Accept", given}};
  }
  TRY(const auto accept, Accept::of(types));
  TRY(const auto offer, choose(accept, offers));
  wanted.media_type = offer.type;
  wanted.picture.media_type = offer.type;
  wanted.transfer_syntax = value_of(parameters, "transferSyntax");
  TRY_DO(read_picture(parameters, wanted));
  TRY_DO(read_presentation(parameters, wanted));
  return wanted;
}

boost::asio::awaitable<http::Response> respond_with_object(Call& call, const Wanted& wanted,
                                                           std::int64_t key,
                                                           std::string_view stored) {
  // 9.1.2.2.2: what is asked for, else what every client understands.
  InstanceForm form{.container = InstanceForm::Container::single,
                    .transfer_syntaxes = {wanted.transfer_syntax, ""}};
  if (!form.transfer_syntax_for(stored)) form.transfer_syntaxes = {"*"};
  InstanceQueue queue(call.api, {key}, std::move(form));
  auto instance = co_await queue.next();
  if (!instance) co_return call.problem_response(instance.error());
  if (!*instance) {
    co_return call.problem_response(
        problem(ProblemKind::not_found, "The instance has just been deleted"));
  }
  http::Response response;
  response.fields = {
      {"Content-Type", content_type_of("application/dicom", (*instance)->transfer_syntax)},
      {"Cache-Control", "no-cache"}};
  auto sent =
      send_segments(std::move((*instance)->source), std::move((*instance)->segments), response);
  if (!sent) co_return call.problem_response(sent.error());
  co_return response;
}

// 9.5.2.3: what it does not find is the request's mistake. Without a frame that is asked for, the
// first that the presentation state is for.
Result<Rendered> choose_presented(const Call& call, const store::DicomSelection& presentation,
                                  const store::DicomSelection& image, std::int64_t key,
                                  PictureRequest& request) {
  auto state = read_presentation_state(call.api, presentation);
  if (!state && state.error().kind == ProblemKind::not_found) {
    return problem(ProblemKind::invalid, "There is no presentation state of this presentationUID");
  }
  TRY(request.presentation, std::move(state));
  const auto& images = request.presentation->images;
  const auto found =
      std::ranges::find(images, image.sop_instance_uid, &dicom::ImageReference::sop_instance_uid);
  if (found == images.end()) {
    return problem(ProblemKind::invalid, "The presentation state is not one of this image");
  }
  return Rendered{.key = key, .frames = found->frames};
}

// What is to be rendered, and how.
Result<Rendered> choose_image(const Call& call, const Wanted& wanted, std::int64_t key,
                              PictureRequest& request) {
  if (wanted.presentation) {
    return choose_presented(call, *wanted.presentation, wanted.instance, key, request);
  }
  TRY(const bool is_presentation, is_presentation_state(call.api, wanted.instance));
  if (!is_presentation) return Rendered{.key = key, .frames = {wanted.frame.value_or(1)}};
  TRY(request.presentation, read_presentation_state(call.api, wanted.instance));
  TRY(auto pictures, images_of(call.api, *request.presentation, wanted.instance.study_uid));
  return std::move(pictures.front());
}

Result<std::string> make(const Call& call, const Wanted& wanted, std::int64_t key) {
  PictureRequest request = wanted.picture;
  TRY(const Rendered image, choose_image(call, wanted, key, request));
  return make_picture(call.api, image.key, image.frames.empty() ? 1 : image.frames.front(),
                      request);
}

// What is asked for, and the presentation state that it is asked with.
std::vector<store::DicomSelection> needed_for(const Wanted& wanted) {
  std::vector needed = {wanted.instance};
  if (wanted.presentation) needed.push_back(*wanted.presentation);
  return needed;
}

}  // namespace

boost::asio::awaitable<http::Response> retrieve_by_uri(Call& call) {
  const auto wanted = wanted_of(call);
  if (!wanted) co_return call.problem_response(wanted.error());
  auto bringing = bring(call.api, needed_for(*wanted));
  if (const auto brought = co_await std::move(bringing); !brought) {
    co_return call.problem_response(brought.error());
  }
  const auto stored = call.api.archive().store().dicom().pixel_data(wanted->instance);
  if (!stored) co_return call.problem_response(stored.error());
  const std::int64_t key = stored->file.key;
  if (wanted->media_type == "application/dicom") {
    co_return co_await respond_with_object(call, *wanted, key, stored->file.transfer_syntax_uid);
  }
  const Wanted& picture_wanted = *wanted;
  std::function<Result<std::string>()> work = [&call, &picture_wanted, key] {
    return make(call, picture_wanted, key);
  };
  auto pending = call.api.pixel_lane().run<std::string>(std::move(work));
  auto picture = co_await std::move(pending);
  if (!picture) co_return call.problem_response(picture.error());
  http::Response response{
      .status = 200,
      .fields = {{"Content-Type", wanted->media_type}, {"Cache-Control", "no-cache"}},
      .body = std::move(*picture)};
  if (auto warning = wanted->picture.render.annotations.warning(call.base)) {
    response.fields.emplace_back("Warning", std::move(*warning));
  }
  co_return response;
}

}  // namespace lightbox::dicomweb
