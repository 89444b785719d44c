#pragma once

// The FHIR REST API (R4, http.html) as one http::Handler. Everything that a request needs to be
// answered is in Api; everything about one request is in Call.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "http/lane.h"
#include "http/message.h"
#include "http/origin.h"
#include "http/server.h"
#include "rest/negotiate.h"
#include "rest/operation.h"
#include "store/store.h"

namespace lightbox::rest {

// R4, http.html#3.1.0.7.1: what a conditional delete with several matches does.
enum class ConditionalDelete : unsigned char { single, multiple };

struct ApiOptions {
  http::OriginRules origins;
  ConditionalDelete conditional_delete = ConditionalDelete::single;
  Limits limits;
  std::string data_directory;  // /metrics tells how full its disk is; empty: it does not
};

// Thread-safe; the store and the server's counts must outlive it.
class Api {
 public:
  // `index` is the store's own: rows must not depend on the Host of the request that made them.
  // `more`: operations besides the basic ones.
  Api(ApiOptions options, fhir::IndexOptions index, store::Store& store,
      std::vector<Operation> more = {});

  // Answers one request; never throws but for lack of memory.
  boost::asio::awaitable<http::Response> answer(const http::Request& request);

  [[nodiscard]] const ApiOptions& options() const { return options_; }
  [[nodiscard]] const fhir::IndexOptions& index_options() const { return index_; }
  [[nodiscard]] store::Store& store() { return store_; }
  [[nodiscard]] std::span<const Operation> operations() const { return operations_; }
  [[nodiscard]] http::Lane& slow_lane() { return slow_lane_; }
  // Of the Unix epoch.
  [[nodiscard]] std::int64_t started_at_s() const { return started_at_s_; }
  [[nodiscard]] const http::Server* server() const { return server_; }
  void set_server(const http::Server* server) { server_ = server; }  // before it starts

 private:
  ApiOptions options_;
  fhir::IndexOptions index_;
  store::Store& store_;
  std::vector<Operation> operations_;
  http::Lane slow_lane_;
  std::int64_t started_at_s_;
  const http::Server* server_ = nullptr;
};

// One request on its way to its answer.
struct Call {
  Api& api;
  const http::Request& request;
  std::vector<std::string> captures;  // of the route's pattern, in order
  http::Parameters parameters;        // of the URL, decoded
  Negotiated wants;
  std::string base;  // "http://localhost:8080/baseR4"

  // The resource type that capture `index` names; not_found for a name that R4 does not have.
  Result<const fhir::ResourceType*> type(std::size_t index) const;
  // The index's, and the base that this request came by.
  fhir::IndexOptions search_options() const;
};

// The answer of the route that fits, for a request that has been admitted: one that came, or one
// made from an entry of a Bundle. `request` must outlive it.
boost::asio::awaitable<http::Response> answer_route(Api& api, const http::Request& request);

// The URLs under which this server knows itself, each ending in "/baseR4/": for the index.
std::vector<std::string> own_bases(const ApiOptions& options, std::uint16_t port);

}  // namespace lightbox::rest
