#include "dicomweb/instances_body.h"

#include "dicomweb/instance_segments.h"
#include "dicomweb/media_types.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {

boost::asio::awaitable<Result<std::optional<InstanceQueue::Instance>>> InstanceQueue::next() {
  while (at_ < keys_.size()) {
    auto object = StoredObject::find(api_.archive(), keys_[at_++]);
    if (!object) co_return std::move(object).error();
    if (!*object) continue;
    auto transfer_syntax = form_.transfer_syntax_for((*object)->file().transfer_syntax_uid);
    if (!transfer_syntax) continue;  // it came meanwhile
    auto made = co_await instance_segments(api_, **object, *transfer_syntax);
    if (!made) co_return std::move(made).error();
    co_return std::optional(Instance{.uids = (*object)->file().instance,
                                     .transfer_syntax = std::move(*transfer_syntax),
                                     .source = std::move(made->source),
                                     .segments = std::move(made->segments)});
  }
  co_return std::optional<Instance>();
}

boost::asio::awaitable<Result<InstancesBody::Piece>> InstancesBody::next() {
  while (true) {
    if (reader_) {
      auto piece = reader_->next();
      if (!piece || !piece->is_end()) co_return piece;
      reader_.reset();
    }
    if (!end_.empty()) co_return Piece{};
    auto instance = co_await queue_.next();
    if (!instance) co_return std::move(instance).error();
    if (!*instance) {
      end_ = multipart_.end();
      co_return Piece{.bytes = end_};
    }
    dicom::Segments segments = std::move((*instance)->segments);
    segments.insert(segments.begin(),
                    {.bytes = multipart_.begin_part(
                         content_type_of("application/dicom", (*instance)->transfer_syntax),
                         url_of(base_, (*instance)->uids))});
    reader_.emplace(std::move((*instance)->source), std::move(segments));
  }
}

}  // namespace lightbox::dicomweb
