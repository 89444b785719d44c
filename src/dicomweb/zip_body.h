#pragma once

// Instances as the files of a zip archive, made while it is sent: series/instance.dcm.

#include <memory>
#include <string>

#include "dicomweb/api.h"
#include "dicomweb/instances_body.h"
#include "http/response_body.h"

namespace lightbox::dicomweb {

class ZipBody final : public http::ResponseBody {
 public:
  ZipBody(Api& api, InstanceQueue queue);
  ~ZipBody() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  boost::asio::awaitable<Result<Piece>> next() override;

 private:
  struct Writer;
  // Some of it is compressed, in the lane.
  Result<void> write_some();

  Api& api_;
  InstanceQueue queue_;
  std::unique_ptr<Writer> writer_;
  std::optional<SegmentReader> reader_;
  bool is_complete_ = false;
};

}  // namespace lightbox::dicomweb
