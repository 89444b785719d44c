#pragma once

// The routes table: what the server does, where, and under which of R4's names. It feeds the router
// and the CapabilityStatement.

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string_view>

#include "http/message.h"
#include "http/router.h"
#include "rest/api.h"

namespace lightbox::rest {

using RouteHandler = boost::asio::awaitable<http::Response> (*)(Call&);

struct Route {
  http::Method method;
  std::string_view pattern;
  // Codes of http://hl7.org/fhir/restful-interaction, separated by a space; those of patterns with
  // {type} are each type's, the others the system's.
  std::string_view interaction;
  RouteHandler handler;
};

[[nodiscard]] std::span<const Route> routes();

// One file each.
boost::asio::awaitable<http::Response> create(Call& call);
boost::asio::awaitable<http::Response> read(Call& call);
boost::asio::awaitable<http::Response> vread(Call& call);
boost::asio::awaitable<http::Response> update(Call& call);
boost::asio::awaitable<http::Response> patch(Call& call);
boost::asio::awaitable<http::Response> remove(Call& call);  // R4's delete
boost::asio::awaitable<http::Response> update_conditional(Call& call);
boost::asio::awaitable<http::Response> remove_conditional(Call& call);
boost::asio::awaitable<http::Response> history_instance(Call& call);
boost::asio::awaitable<http::Response> history_type(Call& call);
boost::asio::awaitable<http::Response> history_system(Call& call);
boost::asio::awaitable<http::Response> process_bundle(Call& call);       // batch, transaction
boost::asio::awaitable<http::Response> search_type(Call& call);          // GET and POST _search
boost::asio::awaitable<http::Response> search_compartment(Call& call);   // GET Patient/{id}/{type}
boost::asio::awaitable<http::Response> search_system(Call& call);        // GET and POST _search
boost::asio::awaitable<http::Response> operation_on_system(Call& call);  // $name: operation.h
boost::asio::awaitable<http::Response> operation_on_type(Call& call);
boost::asio::awaitable<http::Response> operation_on_instance(Call& call);
boost::asio::awaitable<http::Response> capabilities(Call& call);
boost::asio::awaitable<http::Response> healthz(Call& call);
boost::asio::awaitable<http::Response> readyz(Call& call);
boost::asio::awaitable<http::Response> metrics(Call& call);

}  // namespace lightbox::rest
