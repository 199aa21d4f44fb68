// SPDX-License-Identifier: Apache-2.0
// PackageBuilder: packages made by a test, whole or broken in one place.
//
//   PackageBuilder package;                        // x:f32[batch,2] -> y = 2 x, one golden case
//   package.model()["max_batch"] = 0;              // break it
//   auto opened = open<Tensor, Tensor>(package.write(), {fake_loader(script)});
#pragma once

#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gantry/engine_loader.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/json_object.hpp"
#include "model/npy.hpp"
#include "package/package_files.hpp"
#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// A directory of its own, gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("gantry-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}
inline std::string npy(std::vector<float> values) {
  return text_of(detail::to_npy(row(std::move(values))).value());
}

inline void write_text(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

class PackageBuilder {
 public:
  detail::Json manifest = detail::Json::parse(R"({
    "format": 2, "name": "doubler", "version": "1",
    "models": {"net": {"engines": [{"kind": "fake", "file": "model.fake"}],
                       "inputs": [{"name": "x", "dtype": "f32", "shape": ["batch", 2]}],
                       "outputs": [{"name": "y", "dtype": "f32", "shape": ["batch", 2]}],
                       "max_batch": 4}},
    "pipeline": [{"op": "model"}],
    "golden": [{"input": {"npy": "golden/0/input.npy"},
                "stages": [{"at": "pipeline[0]", "value": {"npy": "golden/0/0.npy"}, "tolerance": "exact"}],
                "result": {"value": {"npy": "golden/0/0.npy"}, "tolerance": {"atol": 1e-6, "rtol": 0}}}]})");
  std::map<std::string, std::string> files = {
      {"model.fake", "weights"}, {"golden/0/input.npy", npy({1, -3})}, {"golden/0/0.npy", npy({2, -6})}};

  /// The manifest's only model.
  detail::Json& model() { return manifest["models"]["net"]; }

  /// Lists every file of `files` in the manifest, as gantry-pack would.
  void list_files() {
    manifest["files"] = detail::Json::array();
    for (const auto& [name, content] : files)
      manifest["files"].push_back(
          {{"path", name}, {"bytes", content.size()}, {"sha256", detail::sha256_hex(Bytes(std::string(content)))}});
  }
  /// Writes everything, and returns the directory. What was written before is left as it is.
  std::string write() {
    list_files();
    return write_as_is();
  }
  std::string write_as_is() {
    for (const auto& [name, content] : files) write_text(directory_ / name, content);
    write_text(path_of("gantry.json"), manifest.dump());
    return directory_.path();
  }
  std::string path_of(const std::string& name) const { return directory_ / name; }

 private:
  TemporaryDirectory directory_;
};

/// Loads any file as a FakeEngine, or does what it is told.
class FakeLoader final : public EngineLoader {
 public:
  using Load = std::function<Result<std::unique_ptr<Engine>>(const LoadRequest&)>;
  FakeLoader(std::string kind, Load load) : kind_(std::move(kind)), load_(std::move(load)) {}
  std::string kind() const override { return kind_; }
  std::string version() const override { return "1.0"; }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override { return load_(request); }

 private:
  const std::string kind_;
  const Load load_;
};

inline std::shared_ptr<const EngineLoader> fake_loader(FakeLoader::Load load) {
  return std::make_shared<FakeLoader>("fake", std::move(load));
}

inline std::shared_ptr<const EngineLoader> fake_loader(
    std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>(), std::string kind = "fake") {
  return std::make_shared<FakeLoader>(std::move(kind), [script](const LoadRequest&) -> Result<std::unique_ptr<Engine>> {
    return std::unique_ptr<Engine>(std::make_unique<FakeEngine>(script));
  });
}

}  // namespace gantry::inline GANTRY_ABI::test
