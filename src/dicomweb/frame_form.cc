#include "dicomweb/frame_form.h"

#include <fmt/format.h>
#include <optional>

#include "ingest/transcode.h"

namespace lightbox::dicomweb {
namespace {

bool is_wildcard(std::string_view type) { return type.ends_with("/*"); }

class Choosing {
 public:
  Choosing(const Accept& accept, std::string_view stored, std::size_t count)
      : accept_(accept), stored_(stored), stored_type_(media_type_of(stored)), count_(count) {}

  Result<FrameForm> choose() {
    for (const Acceptable& one : accept_.all()) {
      if (auto form = as(one, octet_stream)) return *form;
      if (stored_type_ != octet_stream) {
        if (auto form = as(one, stored_type_)) return *form;
      }
      if (auto form = transcoded(one)) return *form;
    }
    std::string possible = fmt::format(R"(multipart/related; type="{}"; transfer-syntax={} (or *))",
                                       stored_type_, stored_);
    return accept_.refusal(possible);
  }

 private:
  [[nodiscard]] std::optional<Form> form_of(const Acceptable& one, std::string_view type) const {
    if (accept_.has(one, type, Form::multipart)) return Form::multipart;
    if (count_ == 1 && accept_.has(one, type, Form::single)) return Form::single;
    return std::nullopt;
  }

  // Decoded, or encoded anew.
  [[nodiscard]] std::optional<FrameForm> transcoded(const Acceptable& one) const {
    if (one.transfer_syntax == "*") return std::nullopt;
    const std::string_view default_syntax =
        default_transfer_syntax(is_wildcard(one.type) ? octet_stream : one.type);
    const std::string_view target =
        one.transfer_syntax.empty() ? default_syntax : std::string_view(one.transfer_syntax);
    const std::string_view target_type = media_type_of(target);
    const auto form = form_of(one, target_type);
    if (!form || !ingest::can_transcode(stored_, target)) return std::nullopt;
    return FrameForm{.media_type = std::string(target_type),
                     .form = *form,
                     .transfer_syntax = std::string(target),
                     .is_as_stored = false};
  }

  [[nodiscard]] std::optional<FrameForm> as(const Acceptable& one, std::string_view type) const {
    const auto form = form_of(one, type);
    if (!form || !is_wanted(one, type)) return std::nullopt;
    return FrameForm{.media_type = std::string(type),
                     .form = *form,
                     .transfer_syntax = std::string(stored_),
                     .is_as_stored = true};
  }

  // Whether the stored transfer syntax is the one that is asked for, in that media type.
  [[nodiscard]] bool is_wanted(const Acceptable& one, std::string_view type) const {
    if (one.transfer_syntax == "*") return !is_wildcard(one.type) || type == stored_type_;
    if (!one.transfer_syntax.empty()) return one.transfer_syntax == stored_;
    if (default_transfer_syntax(type) == stored_) return true;
    // What was lossy before is not made lossless again, and a wildcard has no default.
    return type == stored_type_ && (is_lossy(stored_) || is_wildcard(one.type));
  }

  const Accept& accept_;
  std::string_view stored_;
  std::string_view stored_type_;
  std::size_t count_;
};

}  // namespace

Result<FrameForm> choose_frame_form(const Accept& accept, std::string_view stored,
                                    std::size_t count) {
  return Choosing(accept, stored, count).choose();
}

}  // namespace lightbox::dicomweb
