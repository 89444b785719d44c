#include "ingest/archive.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <unordered_set>

#include "base/log.h"
#include "ingest/arrival_log.h"
#include "ingest/compression.h"
#include "ingest/examine.h"
#include "ingest/folder.h"
#include "ingest/incoming_folder.h"
#include "ingest/indexer.h"
#include "ingest/object_file.h"
#include "ingest/quarantine.h"
#include "ingest/query_values.h"
#include "ingest/received.h"
#include "ingest/recovery.h"

namespace lightbox::ingest {

namespace {

using store::AddOutcome;

// An object that can be indexed, on its way through add().
struct Item {
  Received* object = nullptr;
  Admitted* admitted = nullptr;
  store::DicomInstance instance;
};

// How the files of the items are kept from a crash: they are synced, or in the log.
struct Kept {
  std::optional<ArrivalLog::Hold> in_log;
};

// So many objects at once go through the log; more are cheaper with a sync of their own.
constexpr std::size_t logged_objects_max = 32;

void refuse(Admitted& admitted, Admitted::Outcome outcome, Problem problem) {
  admitted.outcome = outcome;
  admitted.problem = std::move(problem);
}

// What the index has of an instance's UID.
enum class Standing : std::uint8_t { absent, same, other_content, elsewhere };
Standing standing_of(const std::optional<store::StoredFile>& there,
                     const store::DicomInstance& instance) {
  if (!there) return Standing::absent;
  if (there->instance.study_uid != instance.study_uid ||
      there->instance.series_uid != instance.series_uid) {
    return Standing::elsewhere;
  }
  // It takes the place of what only another archive has, or of a copy of that.
  if (there->is_remote() || (there->is_fetched && !instance.is_fetched)) return Standing::absent;
  const bool is_same =
      there->hash == instance.hash && there->transfer_syntax_uid == instance.transfer_syntax_uid;
  return is_same ? Standing::same : Standing::other_content;
}

}  // namespace

struct Archive::Impl {
  Impl(ArchiveOptions its_options, store::Store& its_store)
      : options(std::move(its_options)), store(its_store) {}

  std::optional<store::DicomInstance> examine(Received& object, Admitted& admitted);
  void accept(std::unique_ptr<Received> object, store::DicomInstance instance, Admitted& admitted,
              Indexer::Reservation& reservation);

  // The steps of add(); each takes from the items what is decided.
  void forget_known(std::vector<Item>& items);
  Kept place(std::vector<Item>& items);
  Result<Kept> keep(const std::vector<Item>& items, const std::vector<NewFile>& files);
  void commit(std::vector<Item>& items, store::Durability durability);
  void list_conflict(const Admitted& admitted, const Origin& origin);
  void mark_fetched(store::DicomInstance& instance);
  void tell(const std::string& study_uid);

  ArchiveOptions options;
  store::Store& store;
  std::atomic<Listener*> listener = nullptr;
  std::atomic<Fetcher*> fetcher = nullptr;
  std::mutex fetching_mutex;
  // By origin and study: the source.
  std::multimap<std::pair<std::string, std::string>, std::string> fetching;
  std::unique_ptr<IncomingFolder> incoming;
  std::unique_ptr<Files> files;
  std::unique_ptr<Quarantine> quarantine;
  std::unique_ptr<ArrivalLog> arrivals;  // nullptr while it is being opened
  std::unique_ptr<Indexer> indexer;
};

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Archive::~Archive() = default;

Result<std::unique_ptr<Archive>> Archive::open(ArchiveOptions options, store::Store& store,
                                               std::unique_ptr<Files> files) {
  auto impl = std::make_unique<Impl>(std::move(options), store);
  store.dicom().set_reading(query_reading());
  TRY(impl->incoming, IncomingFolder::open(impl->options.data_directory));
  impl->files = std::move(files);
  if (!impl->files) {
    TRY(impl->files, Folder::at(impl->options.data_directory + "/dicom"));
  }
  TRY(impl->quarantine, Quarantine::open(*impl->files, store, impl->options.limits));
  Impl& opened = *impl;
  std::unique_ptr<Archive> archive(new Archive(std::move(impl)));
  TRY(opened.arrivals,
      ArrivalLog::open({.path = opened.options.data_directory + "/lightbox.arrivals",
                        .sync = [&kept = *opened.files, &store]() -> Result<void> {
                          TRY_DO(kept.sync_all());
                          return store.dicom().sync();
                        }},
                       [&](const Arrival& arrival) { return recover(*archive, arrival); }));
  opened.indexer =
      std::make_unique<Indexer>(Indexer::Options{.archive = *archive,
                                                 .files = *opened.files,
                                                 .quarantine = *opened.quarantine,
                                                 .arrivals = *opened.arrivals,
                                                 .on_conflict = opened.options.on_conflict,
                                                 .compression = opened.options.compression,
                                                 .changed = [&opened](std::string_view study_uid) {
                                                   if (Listener* heard = opened.listener)
                                                     heard->changed(study_uid);
                                                 }});
  return archive;
}

Incoming Archive::receive(Origin origin) {
  return Incoming(
      std::make_unique<Received>(*impl_->incoming, impl_->options.limits, std::move(origin)));
}

std::vector<Admitted> Archive::add(std::vector<Incoming> objects) {
  Impl& impl = *impl_;
  std::vector<Admitted> results(objects.size());
  std::vector<Item> items;
  items.reserve(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    Received& object = *objects[i].received_;
    Admitted& admitted = results[i];
    auto instance = impl.examine(object, admitted);
    if (instance) items.push_back({&object, &admitted, std::move(*instance)});
  }
  if (items.empty()) return results;
  impl.forget_known(items);
  if (items.empty()) return results;
  const Kept kept = impl.place(items);
  impl.commit(items, kept.in_log ? store::Durability::deferred : store::Durability::synced);
  return results;
}

// What cannot be indexed goes to quarantine.
std::optional<store::DicomInstance> Archive::Impl::examine(Received& object, Admitted& admitted) {
  const auto opened = open_object(object);
  if (!opened) {
    refuse(admitted, Admitted::Outcome::failed, opened.error());
    return std::nullopt;
  }
  auto instance = describe(object, **opened, options.limits, admitted);
  if (instance) {
    mark_fetched(*instance);
    return std::move(*instance);
  }
  if (is_its_fault(instance.error().kind)) {
    admitted.problem = std::move(instance).error();
    quarantine->keep(object, **opened, admitted);
  } else {
    refuse(admitted, Admitted::Outcome::failed, std::move(instance).error());
  }
  return std::nullopt;
}

Admitted Archive::accept(Incoming incoming) {
  Impl& impl = *impl_;
  const Received& object = *incoming.received_;
  const bool is_small = object.in_place.empty() && !object.descriptor.is_open() &&
                        impl.arrivals->has_room_for(object.memory.size(), 1);
  if (is_small && !impl.indexer->is_stuck()) {
    Admitted admitted;
    auto instance = impl.examine(*incoming.received_, admitted);
    if (!instance) return admitted;
    Indexer::Reservation reservation(*impl.indexer, admitted.sop_instance_uid);
    if (reservation.is_held()) {
      impl.accept(std::move(incoming.received_), std::move(*instance), admitted, reservation);
      return admitted;
    }
  }
  std::vector<Incoming> objects;
  objects.push_back(std::move(incoming));
  return std::move(add(std::move(objects))[0]);
}

void Archive::Impl::accept(std::unique_ptr<Received> object, store::DicomInstance instance,
                           Admitted& admitted, Indexer::Reservation& reservation) {
  const auto found = store.dicom().find({instance.sop_instance_uid});
  if (!found) return refuse(admitted, Admitted::Outcome::failed, found.error());
  const Standing standing = standing_of(found->front(), instance);
  if (standing == Standing::same) {
    admitted.outcome = Admitted::Outcome::known;
    return;
  }
  const bool may_replace = options.on_conflict == store::OnConflict::replace;
  if (standing == Standing::elsewhere || (standing == Standing::other_content && !may_replace)) {
    refuse(admitted, Admitted::Outcome::conflict,
           conflict_of(admitted, found->front()->instance.study_uid));
    list_conflict(admitted, object->origin);
    return;
  }
  instance.file = first_name_of(instance.study_uid, instance.sop_instance_uid);
  const Arrival arrival = {.sop_instance_uid = instance.sop_instance_uid,
                           .file = instance.file,
                           .source = instance.source,
                           .content = object->memory};
  auto hold = arrivals->append({&arrival, 1});
  if (!hold) return refuse(admitted, Admitted::Outcome::failed, std::move(hold).error());
  admitted.outcome =
      standing == Standing::absent ? Admitted::Outcome::stored : Admitted::Outcome::replaced;
  indexer->submit({std::move(object), std::move(instance), admitted, std::move(*hold)},
                  reservation);
}

// What is there already with the same bytes needs no file.
void Archive::Impl::forget_known(std::vector<Item>& items) {
  std::vector<std::string> uids;
  uids.reserve(items.size());
  for (const Item& item : items) uids.push_back(item.instance.sop_instance_uid);
  const auto found = store.dicom().find(uids);
  if (!found) return;  // then commit() meets the same failure
  std::vector<Item> rest;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (standing_of((*found)[i], items[i].instance) == Standing::same) {
      items[i].admitted->outcome = Admitted::Outcome::known;
    } else {
      rest.push_back(std::move(items[i]));
    }
  }
  items = std::move(rest);
}

// Writes the files and makes them durable; what fails is taken from the items.
Kept Archive::Impl::place(std::vector<Item>& items) {
  std::vector<Item> placed;
  std::vector<NewFile> written;
  for (Item& item : items) {
    auto file = make_file(*files, *item.object, item.instance, options.compression);
    if (!file) {
      refuse(*item.admitted, Admitted::Outcome::failed, std::move(file).error());
      continue;
    }
    item.instance.file = file->name;
    if (item.object->in_place.empty()) written.push_back(std::move(*file));
    placed.push_back(std::move(item));
  }
  items = std::move(placed);
  auto kept = keep(items, written);
  if (kept) return std::move(*kept);
  for (const NewFile& file : written) files->remove(file.name);
  for (Item& item : items) refuse(*item.admitted, Admitted::Outcome::failed, kept.error());
  items.clear();
  return {};
}

Result<Kept> Archive::Impl::keep(const std::vector<Item>& items,
                                 const std::vector<NewFile>& written) {
  std::uint64_t bytes = 0;
  bool is_logged = arrivals && items.size() <= logged_objects_max;
  for (const Item& item : items) {
    const Received& object = *item.object;
    is_logged = is_logged && object.in_place.empty() && !object.memory.empty();
    bytes += object.memory.size();
  }
  if (!is_logged || !arrivals->has_room_for(bytes, items.size())) {
    TRY_DO(files->sync(written));
    return Kept{};
  }
  std::vector<Arrival> logged;
  for (const Item& item : items) {
    logged.push_back({.sop_instance_uid = item.instance.sop_instance_uid,
                      .file = item.instance.file,
                      .source = item.instance.source,
                      .content = item.object->memory});
  }
  TRY(auto hold, arrivals->append(logged));
  return Kept{std::move(hold)};
}

void Archive::Impl::commit(std::vector<Item>& items, store::Durability durability) {
  if (items.empty()) return;
  std::vector<store::DicomInstance> instances;
  std::vector<std::string> names;
  for (Item& item : items) {
    names.push_back(item.instance.file);
    instances.push_back(std::move(item.instance));
  }
  const auto added = store.dicom().add(std::move(instances), options.on_conflict, durability);
  std::unordered_set<std::string_view> changed;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Admitted& admitted = *items[i].admitted;
    if (!added) {
      // When writing has stopped it is unknown whether the row is on the disk.
      if (store.writable()) files->remove(names[i]);
      refuse(admitted, Admitted::Outcome::failed, added.error());
      continue;
    }
    const store::AddResult& result = (*added)[i];
    switch (result.outcome) {
      case AddOutcome::stored:
        admitted.outcome = Admitted::Outcome::stored;
        if (!result.file.empty() && result.file != names[i]) files->remove(result.file);
        break;
      case AddOutcome::replaced:
        admitted.outcome = Admitted::Outcome::replaced;
        if (result.file != names[i]) files->remove(result.file);
        break;
      case AddOutcome::known:
        admitted.outcome = Admitted::Outcome::known;
        if (result.file != names[i]) files->remove(names[i]);
        continue;
      case AddOutcome::conflict:
        if (result.file != names[i]) files->remove(names[i]);
        refuse(admitted, Admitted::Outcome::conflict, conflict_of(admitted, result.study_uid));
        list_conflict(admitted, items[i].object->origin);
        continue;
    }
    changed.insert(admitted.study_uid);
  }
  if (Listener* heard = listener) {
    for (const std::string_view study : changed) heard->changed(study);
  }
}

void Archive::Impl::list_conflict(const Admitted& admitted, const Origin& origin) {
  const Issue& issue = admitted.problem.issues[0];
  auto listed = store.dicom().add_problem({.kind = store::DicomProblemKind::conflict,
                                           .study_uid = admitted.study_uid,
                                           .series_uid = admitted.series_uid,
                                           .sop_instance_uid = admitted.sop_instance_uid,
                                           .source = origin.name,
                                           .file = {},
                                           .code = std::string(issue.code),
                                           .diagnostics = issue.diagnostics});
  if (!listed) {
    log(LogLevel::error, "conflict_not_listed", {{"reason", listed.error().issues[0].diagnostics}});
  }
}

// A study has changed, and nothing more of it comes for now.
void Archive::Impl::tell(const std::string& study_uid) {
  Listener* heard = listener;
  if (heard == nullptr) return;
  heard->changed(study_uid);
  heard->settled(study_uid);
}

void Archive::await_index() { (void)impl_->indexer->wait(); }

void Archive::settle(std::span<const std::string> study_uids) {
  await_index();
  Listener* listener = impl_->listener;
  if (listener == nullptr) return;
  for (const std::string& uid : study_uids) listener->settled(uid);
}

Result<std::uint64_t> Archive::remove(const store::DicomSelection& selection) {
  const bool is_log_free = impl_->indexer->wait();
  TRY(const auto removed, impl_->store.dicom().remove(selection));
  // Nor may what is removed come back from the log. But when that cannot be emptied, for the disk
  // is full, removing is what helps.
  if (is_log_free) TRY_DO(impl_->arrivals->flush());
  for (const std::string& file : removed.files) impl_->files->remove(file);
  for (const std::string& study : removed.study_uids) impl_->tell(study);
  return removed.files.size();
}

void Archive::Impl::mark_fetched(store::DicomInstance& instance) {
  const std::lock_guard lock(fetching_mutex);
  const auto found = fetching.find({instance.source, instance.study_uid});
  if (found == fetching.end()) return;
  instance.is_fetched = true;
  instance.source = found->second;
}

Archive::Fetching Archive::fetching(std::string origin, std::string study_uid, std::string source) {
  Fetching::What what(std::move(origin), std::move(study_uid));
  const std::lock_guard lock(impl_->fetching_mutex);
  impl_->fetching.emplace(what, std::move(source));
  return {*impl_, std::move(what)};
}

Archive::Fetching::~Fetching() {
  if (archive_ == nullptr) return;
  const std::lock_guard lock(archive_->fetching_mutex);
  archive_->fetching.erase(archive_->fetching.find(what_));
}

Result<store::DicomIndex::Told> Archive::put_source_study(
    const store::SourceStudy& study, std::vector<store::DicomInstance> instances) {
  TRY(auto told, impl_->store.dicom().put_source_study(study, std::move(instances),
                                                       store::Durability::deferred));
  for (const std::string& file : told.files) impl_->files->remove(file);
  impl_->tell(study.study_uid);
  return told;
}

Result<void> Archive::remove_source_study(std::string_view source, const std::string& study_uid) {
  TRY(const auto files, impl_->store.dicom().remove_source_study(source, study_uid));
  for (const std::string& file : files) impl_->files->remove(file);
  impl_->tell(study_uid);
  return {};
}

Result<void> Archive::release(const std::vector<std::int64_t>& keys) {
  TRY(const auto files, impl_->store.dicom().release(keys));
  for (const std::string& file : files) impl_->files->remove(file);
  return {};
}

void Archive::set_fetcher(Fetcher* fetcher) { impl_->fetcher = fetcher; }
Fetcher* Archive::fetcher() const { return impl_->fetcher; }

Result<void> Archive::map_again(const std::string& study_uid) {
  TRY(const std::uint64_t marked, impl_->store.dicom().mark_changed({study_uid}));
  if (marked == 0) {
    return problem(ProblemKind::not_found, "The archive has no instance of study " + study_uid);
  }
  impl_->tell(study_uid);
  return {};
}

Result<void> Archive::dismiss(const store::DicomProblem& problem) {
  TRY_DO(impl_->store.dicom().remove_problem(problem.key));
  if (problem.kind != store::DicomProblemKind::quarantined) return {};
  return impl_->quarantine->forget(problem.file);
}

Result<std::unique_ptr<dicom::Source>> Archive::open_file(const std::string& file) const {
  if (is_in_place(file)) return dicom::FileSource::open(file);
  TRY(auto source, impl_->files->open(file));
  if (!is_compressed(file)) return source;
  return CompressedSource::open(std::move(source), location_of(file));
}

std::string Archive::location_of(std::string_view file) const {
  return is_in_place(file) ? std::string(file) : impl_->files->location_of(file);
}

Files& Archive::files() const { return *impl_->files; }
store::Store& Archive::store() const { return impl_->store; }
const ArchiveOptions& Archive::options() const { return impl_->options; }
void Archive::set_listener(Listener* listener) { impl_->listener = listener; }

}  // namespace lightbox::ingest
