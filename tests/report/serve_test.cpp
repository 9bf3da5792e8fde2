// The live page: what it answers, to whom, and that it follows the run.
#include "../support/temp_folder.h"
#include "synthetic_run.h"

#include <imgcls/core/error.h>
#include <imgcls/report/serve.h>

#include <httplib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

using namespace imgcls;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> one_run(const test::TempFolder& folder) {
  test::write_run(folder / "runs/a", {.done_epochs = 3, .details = false});
  return {folder / "runs"};
}

}  // namespace

TEST_CASE("a running job is shown as it goes on") {
  const test::TempFolder folder;
  const report::LiveServer server(one_run(folder), "a title");
  httplib::Client client("127.0.0.1", server.port());
  const auto page = client.Get("/");
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("<title>a title</title>") != std::string::npos);
  CHECK(page->body.find("connect-src 'self'") != std::string::npos);

  const auto first = client.Get("/data.json");
  REQUIRE(first);
  CHECK(json::parse(first->body).at("runs")[0].at("final").at("epoch") == 3);
  const std::string tag = first->get_header_value("ETag");
  CHECK(client.Get("/data.json", {{"If-None-Match", tag}})->status == 304);

  std::ofstream(folder / "runs/a/train_log.csv", std::ios::app) << "4,388,1,1,60.5,90,130,\n5,48";
  test::write_run(folder / "runs/b", {.done_epochs = 1, .details = false});
  const auto second = client.Get("/data.json", {{"If-None-Match", tag}});
  CHECK(second->status == 200);
  const json report = json::parse(second->body);
  REQUIRE(report.at("runs").size() == 2);
  CHECK(report.at("runs")[0].at("final").at("acc1") == 60.5);
  CHECK(report.at("live") == report::LiveServer::kEvery_s);
}

TEST_CASE("a file that is broken for a moment is told, and the next answer is whole again") {
  const test::TempFolder folder;
  const report::LiveServer server(one_run(folder), "");
  httplib::Client client("127.0.0.1", server.port());
  const fs::path config = folder / "runs/a/config.json";
  fs::rename(config, folder / "kept");
  CHECK(client.Get("/data.json")->status == 503);  // no run is left
  std::ofstream(config) << "{\"half";
  const auto answer = client.Get("/data.json");
  CHECK(answer->status == 503);
  CHECK(answer->body.find("config.json: broken JSON") != std::string::npos);
  fs::rename(folder / "kept", config);
  CHECK(client.Get("/data.json")->status == 200);
}

TEST_CASE("other questions are refused") {
  const test::TempFolder folder;
  const report::LiveServer server(one_run(folder), "");
  httplib::Client client("127.0.0.1", server.port());
  CHECK(client.Post("/", "x", "text/plain")->status == 405);
  CHECK(client.Delete("/data.json")->status == 405);
  CHECK(client.Get("/../../etc/passwd")->status == 404);
  CHECK(client.Get("/config.json")->status == 404);
  CHECK(client.Get("/data.json", {{"Host", "evil.example"}})->status == 403);
  CHECK_FALSE(httplib::Client("127.0.0.2", server.port()).Get("/"));  // bound to 127.0.0.1 alone
}

TEST_CASE("a port that is taken is told, or another one taken") {
  const test::TempFolder folder;
  const report::LiveServer first(one_run(folder), "");
  const report::LiveServer second(one_run(folder), "");
  CHECK(first.port() != second.port());
  CHECK_THROWS_AS(report::LiveServer(one_run(folder), "", first.port()), IoError);
  CHECK_THROWS_AS(report::LiveServer({folder / "nothing"}, ""), IoError);
}
