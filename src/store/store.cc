#include "store/store.h"

#include "fhir/resource.h"
#include "store/dicom_index.h"
#include "store/directory.h"
#include "store/full_text.h"
#include "store/reader.h"
#include "store/search_run.h"
#include "store/token_values.h"
#include "store/writer.h"

namespace lightbox::store {

void append_resource(const StoredResource& stored, std::string& out) {
  fhir::append_resource({.type = stored.type->name,
                         .id = stored.id,
                         .version = stored.version,
                         .updated_ms = stored.updated_ms},
                        stored.body, out);
}

struct Store::Impl {
  DirectoryLock lock;  // released last
  Shared shared;
  ReaderPool readers{shared};
  std::unique_ptr<SearchEngine> search;
  std::unique_ptr<Writer> writer;  // its thread ends first
  std::unique_ptr<DicomIndex> dicom;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  auto impl = std::make_unique<Impl>();
  TRY(impl->lock, DirectoryLock::take(options.data_directory));
  impl->shared.path = options.data_directory + "/lightbox.db";
  impl->shared.options = std::move(options);
  impl->shared.readers = &impl->readers;
  TRY(auto database,
      Database::open(impl->shared.path, Database::Role::writer, impl->shared.options.vfs));
  TRY_DO(migrate(*database));
  TRY_DO(impl->lock.sync());
  TRY_DO(bring_up_full_text(*database, impl->shared.options.index.full_text));
  impl->search = std::make_unique<SearchEngine>(impl->shared, impl->readers);
  impl->writer = std::make_unique<Writer>(std::move(database), impl->shared);
  TRY_DO(impl->writer->start());
  impl->dicom = std::make_unique<DicomIndex>(*impl->writer, impl->readers);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

void Store::commit(std::vector<Operation> operations, std::function<void(CommitResult)> done) {
  impl_->writer->commit(std::move(operations), std::move(done));
}

CommitResult Store::commit_and_wait(std::vector<Operation> operations) {
  return impl_->writer->commit_and_wait(std::move(operations), {});
}

DicomIndex& Store::dicom() { return *impl_->dicom; }

Result<StoredResource> Store::read(const fhir::ResourceType& type, std::string_view id) {
  return store::read(impl_->readers, type, id);
}

Result<StoredResource> Store::read_version(const fhir::ResourceType& type, std::string_view id,
                                           std::uint64_t version) {
  return store::read_version(impl_->readers, type, id, version);
}

Result<std::vector<fhir::TokenEntry>> Store::token_values(const fhir::SearchParameter& parameter,
                                                          std::size_t values_max) {
  return store::token_values(impl_->readers, parameter, values_max);
}

Result<HistoryPage> Store::history(const HistoryQuery& query, Effort effort) {
  return read_history(impl_->readers, query, effort);
}

Result<SearchPage> Store::search(const fhir::SearchQuery& query, Effort effort) {
  return impl_->search->search(query, effort);
}

Result<SearchPage> Store::search(std::span<const fhir::SearchQuery> queries, Effort effort) {
  return impl_->search->search(queries, effort);
}

std::uint64_t Store::resource_count() const {
  std::int64_t sum = 0;
  for (const auto& count : impl_->shared.counts) sum += count;
  return static_cast<std::uint64_t>(sum);
}

bool Store::writable() const { return impl_->shared.writable; }

}  // namespace lightbox::store
