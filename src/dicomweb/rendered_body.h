#pragma once

// Pictures of many frames as the parts of one answer (PS3.18 10.4.1.1.4), each made when the client
// has taken those before it.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dicomweb/api.h"
#include "dicomweb/multipart.h"
#include "dicomweb/renderer.h"
#include "http/response_body.h"

namespace lightbox::dicomweb {

// Frames of one instance; none: all.
struct Rendered {
  std::int64_t key = 0;
  std::vector<std::uint32_t> frames = {};  // counted from 1
};

class RenderedBody final : public http::ResponseBody {
 public:
  RenderedBody(Api& api, std::string base, std::vector<Rendered> wanted, PictureRequest request,
               Multipart multipart);
  ~RenderedBody() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  boost::asio::awaitable<Result<Piece>> next() override;

 private:
  struct Current;
  // The next part into piece_; none: there are no more.
  Result<void> make_part();
  Result<void> begin_instance();

  Api& api_;
  std::string base_;
  std::vector<Rendered> wanted_;
  PictureRequest request_;
  Multipart multipart_;
  std::size_t at_ = 0;
  std::unique_ptr<Current> current_;
  std::string piece_;
  bool is_complete_ = false;
};

}  // namespace lightbox::dicomweb
