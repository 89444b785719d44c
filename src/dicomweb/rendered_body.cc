#include "dicomweb/rendered_body.h"

#include <numeric>

#include "base/log.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {

// The instance whose frames are being rendered.
struct RenderedBody::Current {
  explicit Current(StoredObject its_object) : object(std::move(its_object)) {}
  StoredObject object;
  std::optional<Renderer> renderer;
  std::vector<std::uint32_t> frames;
  std::size_t at = 0;
};

RenderedBody::RenderedBody(Api& api, std::string base, std::vector<Rendered> wanted,
                           PictureRequest request, Multipart multipart)
    : api_(api),
      base_(std::move(base)),
      wanted_(std::move(wanted)),
      request_(std::move(request)),
      multipart_(std::move(multipart)) {}

RenderedBody::~RenderedBody() = default;

boost::asio::awaitable<Result<RenderedBody::Piece>> RenderedBody::next() {
  piece_.clear();
  if (is_complete_) co_return Piece{};
  std::function<Result<void>()> work = [this] { return make_part(); };
  auto pending = api_.pixel_lane().run<void>(std::move(work));
  auto made = co_await std::move(pending);
  if (!made) co_return std::move(made).error();
  if (piece_.empty()) {
    is_complete_ = true;
    piece_ = multipart_.end();
  }
  co_return Piece{.bytes = piece_};
}

// What cannot be rendered among others is left out.
Result<void> RenderedBody::make_part() {
  while (piece_.empty()) {
    if (!current_ && at_ == wanted_.size()) return {};
    if (!current_) {
      if (auto begun = begin_instance(); !begun) {
        log(LogLevel::warning, "not_rendered", {{"reason", begun.error().issues[0].diagnostics}});
        current_.reset();
        continue;
      }
      if (!current_) continue;  // it has gone meanwhile
    }
    if (current_->at == current_->frames.size()) {
      current_.reset();
      continue;
    }
    const std::uint32_t frame = current_->frames[current_->at++];
    auto picture = current_->renderer->picture(frame - 1, request_);
    if (!picture) {
      log(LogLevel::warning, "not_rendered", {{"reason", picture.error().issues[0].diagnostics}});
      continue;
    }
    // A picture that a presentation state makes of a frame has no URL of its own.
    const std::string url = request_.presentation
                                ? std::string()
                                : url_of(base_, current_->object.file().instance) + "/frames/" +
                                      std::to_string(frame) + "/rendered";
    piece_ = multipart_.begin_part(request_.media_type, url);
    piece_ += *picture;
  }
  return {};
}

Result<void> RenderedBody::begin_instance() {
  const Rendered& wanted = wanted_[at_++];
  TRY(auto object, StoredObject::find(api_.archive(), wanted.key));
  if (!object) return {};
  current_ = std::make_unique<Current>(std::move(*object));
  TRY(current_->renderer, Renderer::open(current_->object, api_.limits()));
  current_->frames = wanted.frames;
  if (current_->frames.empty()) {
    current_->frames.resize(current_->renderer->frame_count());
    std::iota(current_->frames.begin(), current_->frames.end(), 1);
  }
  return {};
}

}  // namespace lightbox::dicomweb
