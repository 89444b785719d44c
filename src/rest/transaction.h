#pragma once

// A transaction Bundle on its way into the store (R4, http.html#trules): its entries as operations
// that are committed all or none.
//
// Which resource a condition means (ifNoneExist, PUT and DELETE with criteria, a conditional
// reference) is only certain in the writer's transaction, but it decides what other entries'
// references must say, so what their bodies and index entries are. So it is found out twice: here,
// with a reader, to write the bodies; and by the writer, which refuses when it finds something else
// and says what. Then all is made again with that, a few times at most. The other way, bodies and
// index entries made by the writer between conditions, would have all others wait for that work.
//
// Ids of new resources are given once, before the first try. For one thread at a time.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fhir/rewrite.h"
#include "rest/bundle_request.h"
#include "rest/criteria.h"
#include "rest/patch_document.h"
#include "store/store.h"

namespace lightbox::rest {

class Transaction {
 public:
  // What became of an entry that writes.
  struct Written {
    const fhir::ResourceType* type = nullptr;
    std::string id;
    store::OperationResult result;
  };

  // `call` and `bundle` must outlive it.
  Transaction(const Call& call, BundleRequest& bundle) : call_(call), bundle_(bundle) {}

  // Checks the entries that write, validates their resources and gives ids; once. All findings.
  Result<void> prepare();
  // The operations, in R4's order. They may need searches for what conditions mean, and block; with
  // `refused` they are too_costly then, and operations() is to be asked again.
  enum class Searches : unsigned char { refused, allowed };
  Result<std::vector<store::Operation>> operations(Searches searches);
  // Takes the store's answer: true when it is done, false when operations() must be asked again,
  // since a condition means something else by now.
  bool settle(std::span<const store::OperationResult> results);
  // The store's failure is that a patched resource was changed by others meanwhile: then
  // operations() must be asked again.
  [[nodiscard]] bool is_overtaken(const Problem& problem) const;
  // A failure of the store, in terms of the Bundle.
  [[nodiscard]] Problem explain(Problem problem) const;

  // By entry; nullptr for one that reads.
  [[nodiscard]] const Written* written(std::size_t index) const { return written_[index]; }

 private:
  // What a condition means: an id, "" for no match, nullopt when it is not known yet.
  struct Resolution {
    CriteriaQuery query;
    std::optional<std::string> id;
    std::size_t entry = 0;  // the first that has it
  };
  struct Write {
    const BundleEntry* entry = nullptr;
    store::Operation::Kind kind = store::Operation::Kind::create;
    const fhir::ResourceType* type = nullptr;
    std::string id;  // of a new resource, or the one of the URL; empty for DELETE with criteria
    bool is_id_fixed = false;
    store::Preconditions preconditions;
    std::optional<Resolution> condition;
    std::optional<PatchDocument> patch;  // then `kind` is put
    std::vector<fhir::UrlEdit> edits;
    Written written;
  };

  Result<Write> parse_write(const BundleEntry& entry);
  Result<void> parse_target(const BundleEntry& entry, Write& write);
  Result<void> parse_condition_of(const BundleEntry& entry, Write& write);
  Result<void> check_resource(const BundleEntry& entry, Write& write);
  Result<void> read_patch_of(const BundleEntry& entry, Write& write);
  Result<void> check_once() const;

  Result<void> resolve(Resolution& resolution);
  Result<void> resolve_conditions();
  void map_full_urls();
  Result<void> rewrite(Write& write);
  // What goes wrong is in failure_; what was replaced so far is given all the same.
  std::vector<fhir::UrlEdit> rewrite_in(const Write& write, fhir::JsonDocument& document,
                                        fhir::Json& resource);
  std::optional<std::string> rewrite_url(const Write& write, const fhir::FoundUrl& url);
  std::optional<std::string> rewrite_conditional(const Write& write, std::string_view text);
  [[nodiscard]] const Write* target_of(const Write& write, const fhir::FoundUrl& url) const;
  Result<store::Operation> operation_of(const Write& write) const;
  Result<store::Operation> patch_operation_of(const Write& write);
  [[nodiscard]] std::optional<std::size_t> operation_index(const Issue& issue) const;

  const Call& call_;
  BundleRequest& bundle_;
  std::vector<Write> writes_;  // in R4's order
  std::vector<const Written*> written_;
  std::unordered_map<std::string_view, const Write*> full_urls_;
  // Conditional references, by their text; the operations that check them follow those that write.
  std::map<std::string, Resolution, std::less<>> references_;
  std::optional<Problem> failure_;  // of a rewrite under way
  Searches searches_ = Searches::refused;
};

}  // namespace lightbox::rest
