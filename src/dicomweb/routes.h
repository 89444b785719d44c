#pragma once

// The routes table of DICOMweb: what the server does, and where.

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string_view>

#include "dicomweb/api.h"
#include "http/message.h"

namespace lightbox::dicomweb {

using RouteHandler = boost::asio::awaitable<http::Response> (*)(Call&);

struct Route {
  http::Method method;
  std::string_view pattern;
  RouteHandler handler;
  bool is_streamed = false;
};

[[nodiscard]] std::span<const Route> routes();

// One file each.
boost::asio::awaitable<http::Response> store_instances(Call& call);  // PS3.18 10.5
boost::asio::awaitable<http::Response> search_studies(Call& call);   // PS3.18 10.6
boost::asio::awaitable<http::Response> search_series(Call& call);
boost::asio::awaitable<http::Response> search_instances(Call& call);
boost::asio::awaitable<http::Response> retrieve_instances(Call& call);  // PS3.18 10.4
boost::asio::awaitable<http::Response> retrieve_metadata(Call& call);
boost::asio::awaitable<http::Response> retrieve_frames(Call& call);
boost::asio::awaitable<http::Response> retrieve_bulk_data(Call& call);
boost::asio::awaitable<http::Response> retrieve_rendered(Call& call);
boost::asio::awaitable<http::Response> retrieve_thumbnail(Call& call);
boost::asio::awaitable<http::Response> retrieve_by_uri(Call& call);  // PS3.18 9
boost::asio::awaitable<http::Response> remove(Call& call);           // not of the standard
boost::asio::awaitable<http::Response> list_sources(Call& call);     // not of the standard
boost::asio::awaitable<http::Response> list_problems(Call& call);    // not of the standard
boost::asio::awaitable<http::Response> read_problem(Call& call);
boost::asio::awaitable<http::Response> remove_problem(Call& call);
boost::asio::awaitable<http::Response> retry_problem(Call& call);
boost::asio::awaitable<http::Response> retry_problems(Call& call);

}  // namespace lightbox::dicomweb
