#pragma once

// Many instances as the parts of one answer (PS3.18 10.4.1.1.1), opened one after the other.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dicomweb/api.h"
#include "dicomweb/instance_form.h"
#include "dicomweb/multipart.h"
#include "dicomweb/segment_body.h"
#include "dicomweb/stored_object.h"
#include "http/response_body.h"

namespace lightbox::dicomweb {

// The instances of these keys, in their order; those that have gone meanwhile are left out.
class InstanceQueue {
 public:
  InstanceQueue(Api& api, std::vector<std::int64_t> keys, InstanceForm form)
      : api_(api), keys_(std::move(keys)), form_(std::move(form)) {}

  struct Instance {
    store::DicomSelection uids;
    std::string transfer_syntax;
    std::unique_ptr<dicom::Source> source;
    dicom::Segments segments;
  };
  // nullopt at the end.
  boost::asio::awaitable<Result<std::optional<Instance>>> next();

 private:
  Api& api_;
  std::vector<std::int64_t> keys_;
  InstanceForm form_;
  std::size_t at_ = 0;
};

class InstancesBody final : public http::ResponseBody {
 public:
  InstancesBody(InstanceQueue queue, Multipart multipart, std::string base)
      : queue_(std::move(queue)), multipart_(std::move(multipart)), base_(std::move(base)) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  boost::asio::awaitable<Result<Piece>> next() override;

 private:
  InstanceQueue queue_;
  Multipart multipart_;
  std::string base_;
  std::optional<SegmentReader> reader_;
  std::string end_;
};

}  // namespace lightbox::dicomweb
