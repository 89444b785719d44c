#include "dicomweb/render_request.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace lightbox::dicomweb {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(',');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

Problem wrong(std::string_view name, std::string_view value, std::string_view what) {
  return problem(ProblemKind::invalid, fmt::format("{} is '{}'; it must be {}", name, value, what));
}

Problem too_many_pixels(std::uint64_t pixels_max) {
  return problem(
      ProblemKind::too_large,
      fmt::format("The picture would have more than {} pixels (rendered_pixels_max)", pixels_max));
}

Result<Viewport> viewport_of(const std::string& text, std::uint64_t pixels_max) {
  constexpr std::string_view right =
      "width,height or width,height,left,top,source width,source height";
  const auto parts = split(text);
  if (parts.size() != 2 && parts.size() != 6) return wrong("viewport", text, right);
  Viewport viewport;
  const auto width = number_of(parts[0]);
  const auto height = number_of(parts[1]);
  if (!width || !height || *width < 1 || *height < 1 || *width > 65535 || *height > 65535) {
    return wrong("viewport", text, right);
  }
  viewport.width = static_cast<std::uint32_t>(*width);
  viewport.height = static_cast<std::uint32_t>(*height);
  if (*width * *height > static_cast<double>(pixels_max)) {
    return problem(
        ProblemKind::too_large,
        fmt::format("The viewport has more than {} pixels (rendered_pixels_max)", pixels_max));
  }
  if (parts.size() == 2) return viewport;
  double* const numbers[] = {&viewport.left, &viewport.top, &viewport.source_width,
                             &viewport.source_height};
  for (std::size_t i = 0; i < 4; ++i) {
    if (parts[i + 2].empty()) continue;  // its default
    const auto number = number_of(parts[i + 2]);
    if (!number) return wrong("viewport", text, right);
    *numbers[i] = *number;
  }
  if (viewport.left < 0 || viewport.top < 0) return wrong("viewport", text, right);
  return viewport;
}

Result<dicom::Window> window_of(const std::string& text) {
  constexpr std::string_view right =
      "center,width,function with function linear, linear-exact or sigmoid";
  const auto parts = split(text);
  if (parts.size() != 2 && parts.size() != 3) return wrong("window", text, right);
  const auto center = number_of(parts[0]);
  const auto width = number_of(parts[1]);
  const auto function = dicom::window_function(parts.size() == 3 ? parts[2] : "linear");
  if (!center || !width || !function) return wrong("window", text, right);
  if (*width <= 0 || (*function == dicom::Window::Function::linear && *width < 1)) {
    return wrong("window", text, right);
  }
  return dicom::Window{.center = *center, .width = *width, .function = *function};
}

}  // namespace

Result<Annotations> Annotations::of(std::string_view text) {
  Annotations annotations;
  for (const std::string& keyword : split(text)) {
    const auto is_of_keyword = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    };
    if (keyword.empty() || !std::ranges::all_of(keyword, is_of_keyword)) {
      return wrong("annotation", text, "patient, technique or both, separated by a comma");
    }
    if (keyword == "patient") {
      annotations.has_patient = true;
    } else if (keyword == "technique") {
      annotations.has_technique = true;
    } else {
      annotations.not_supported += (annotations.not_supported.empty() ? "" : ",") + keyword;
    }
  }
  return annotations;
}

std::optional<std::string> Annotations::warning(std::string_view service) const {
  if (not_supported.empty()) return std::nullopt;
  return fmt::format("299 {}: The following annotation values are not supported: {}", service,
                     not_supported);
}

Result<RenderRequest> RenderRequest::of(const http::Request& request, std::uint64_t pixels_max) {
  TRY(const auto parameters, http::decode_form(request.query));
  RenderRequest wanted;
  for (const auto& [name, value] : parameters) {
    if (name == "viewport") {
      TRY(wanted.viewport, viewport_of(value, pixels_max));
    } else if (name == "window") {
      TRY(wanted.window, window_of(value));
    } else if (name == "quality") {
      const auto quality = number_of(value);
      if (!quality || *quality < 1 || *quality > 100) {
        return wrong("quality", value, "a number from 1 to 100");
      }
      wanted.quality = static_cast<int>(*quality);
    } else if (name == "annotation") {
      TRY(wanted.annotations, Annotations::of(value));
    } else if (name == "iccprofile" && value != "no") {
      return problem(ProblemKind::invalid,
                     fmt::format("iccprofile is '{}'; pictures here are without: 'no'", value));
    }
  }
  return wanted;
}

std::optional<Viewport> viewport_for(const RenderRequest& request, const dicom::Picture& picture) {
  if (!request.region) return request.viewport;
  const auto& [left, top, right, bottom] = *request.region;
  Viewport viewport = request.viewport.value_or(Viewport{});
  viewport.left = std::floor(left * picture.columns);
  viewport.top = std::floor(top * picture.rows);
  viewport.source_width = std::max(1.0, std::ceil(right * picture.columns) - viewport.left);
  viewport.source_height = std::max(1.0, std::ceil(bottom * picture.rows) - viewport.top);
  if (!request.viewport) {
    viewport.width = static_cast<std::uint32_t>(viewport.source_width);
    viewport.height = static_cast<std::uint32_t>(viewport.source_height);
  }
  return viewport;
}

Result<dicom::Picture> fit(dicom::Picture picture, const Viewport& viewport,
                           std::uint64_t pixels_max) {
  const double columns = picture.columns;
  const double rows = picture.rows;
  const bool is_mirrored = viewport.source_width < 0;
  const bool is_upside_down = viewport.source_height < 0;
  const double width = viewport.source_width == 0 ? columns : std::abs(viewport.source_width);
  const double height = viewport.source_height == 0 ? rows : std::abs(viewport.source_height);
  if (viewport.left >= columns || viewport.top >= rows) {
    return problem(ProblemKind::invalid,
                   fmt::format("The viewport's region begins outside of the image, which has {} by "
                               "{} pixels",
                               picture.columns, picture.rows));
  }
  const auto whole = [](double number) { return static_cast<std::uint32_t>(number); };
  const dicom::Region region{
      .left = whole(viewport.left),
      .top = whole(viewport.top),
      .columns = std::max(1U, whole(std::min(width, columns - whole(viewport.left)))),
      .rows = std::max(1U, whole(std::min(height, rows - whole(viewport.top))))};
  if (region.columns != picture.columns || region.rows != picture.rows) {
    picture = dicom::crop(picture, region);
  }
  if (is_mirrored) picture = dicom::flip_horizontally(picture);
  if (is_upside_down) picture = dicom::flip_vertically(picture);
  const double scale = std::min(static_cast<double>(viewport.width) / picture.columns,
                                static_cast<double>(viewport.height) / picture.rows);
  const auto scaled = [&](std::uint32_t size, std::uint32_t most) {
    return std::clamp(static_cast<std::uint32_t>(std::lround(size * scale)), 1U, most);
  };
  const std::uint32_t to_columns = scaled(picture.columns, viewport.width);
  const std::uint32_t to_rows = scaled(picture.rows, viewport.height);
  if (std::uint64_t{to_columns} * to_rows > pixels_max) return too_many_pixels(pixels_max);
  return dicom::resize(picture, to_columns, to_rows);
}

}  // namespace lightbox::dicomweb
