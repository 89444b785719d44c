#include "dicomweb/transcoded_frames.h"

#include "dicomweb/multipart.h"
#include "http/response_body.h"
#include "ingest/transcode.h"

namespace lightbox::dicomweb {
namespace {

// One frame a piece, made when the client has taken those before it.
class TranscodedBody final : public http::ResponseBody {
 public:
  TranscodedBody(Api& api, StoredObject object, std::vector<std::uint32_t> frames, FrameForm form,
                 std::string url)
      : api_(api),
        object_(std::move(object)),
        frames_(std::move(frames)),
        form_(std::move(form)),
        url_(std::move(url)),
        multipart_(form_.media_type) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  boost::asio::awaitable<Result<Piece>> next() override {
    if (!std::exchange(is_rewound_, false)) {
      auto making = make_piece();
      auto made = co_await std::move(making);
      if (!made) co_return std::move(made).error();
    }
    co_return Piece{.bytes = piece_};
  }

  // The next into piece_.
  boost::asio::awaitable<Result<void>> make_piece() {
    piece_.clear();
    if (is_complete_) co_return Result<void>{};
    if (at_ == frames_.size()) {
      is_complete_ = true;
      if (form_.form == Form::multipart) piece_ = multipart_.end();
      co_return Result<void>{};
    }
    std::function<Result<void>()> work = [this] { return add_frame(); };
    auto pending = api_.pixel_lane().run<void>(std::move(work));
    co_return co_await std::move(pending);
  }
  void rewind() { is_rewound_ = true; }
  [[nodiscard]] std::string take_piece() { return std::move(piece_); }
  [[nodiscard]] std::string content_type() const {
    return form_.form == Form::multipart ? multipart_.content_type() : part_type();
  }

 private:
  [[nodiscard]] std::string part_type() const {
    return content_type_of(form_.media_type, form_.transfer_syntax);
  }
  Result<void> add_frame() {
    if (!transcoder_) {
      TRY(transcoder_, ingest::Transcoder::open(object_, form_.transfer_syntax, api_.limits()));
    }
    const std::uint32_t number = frames_[at_++];
    TRY(const auto frame, transcoder_->frame(number - 1));
    if (form_.form == Form::multipart) {
      piece_ = multipart_.begin_part(part_type(), url_ + std::to_string(number));
    }
    piece_ += frame.bytes;
    return {};
  }

  Api& api_;
  StoredObject object_;
  std::vector<std::uint32_t> frames_;
  FrameForm form_;
  std::string url_;
  Multipart multipart_;
  std::optional<ingest::Transcoder> transcoder_;
  std::size_t at_ = 0;
  std::string piece_;
  bool is_rewound_ = false;
  bool is_complete_ = false;
};

}  // namespace

boost::asio::awaitable<Result<http::Response>> respond_with_transcoded(
    Api& api, StoredObject object, std::vector<std::uint32_t> frames, FrameForm form,
    std::string url) {
  http::Response response;
  response.fields.emplace_back("Cache-Control", "no-cache");
  const bool is_single = form.form == Form::single;
  auto body = std::make_shared<TranscodedBody>(api, std::move(object), std::move(frames),
                                               std::move(form), std::move(url));
  response.fields.emplace_back("Content-Type", body->content_type());
  // What fails of the first fails before the answer has begun.
  auto making = body->make_piece();
  auto made = co_await std::move(making);
  if (!made) co_return std::move(made).error();
  if (is_single) {
    response.body = body->take_piece();
  } else {
    body->rewind();
    response.stream = std::move(body);
  }
  co_return response;
}

}  // namespace lightbox::dicomweb
