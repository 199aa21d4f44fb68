// SPDX-License-Identifier: Apache-2.0
#include "directory_store.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
namespace fs = std::filesystem;

/// The names of the directories in `directory`, without hidden ones: a publisher writes into those before it renames.
gantry::Result<std::vector<std::string>> subdirectories(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name[0] != '.' && it->is_directory(ignored)) names.push_back(name);
  }
  if (error) return Error(ErrorCode::kNotFound, "'" + directory.string() + "': " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

/// Version and manifest of each package in a model's directory.
gantry::Result<std::vector<std::pair<std::string, std::string>>> manifests_of(const fs::path& directory) {
  const auto versions = subdirectories(directory);
  if (!versions) return versions.error();
  std::vector<std::pair<std::string, std::string>> manifests;
  for (const std::string& version : *versions) {
    const fs::path path = directory / version / "gantry.json";
    std::error_code error;
    if (fs::status(path, error).type() == fs::file_type::not_found) continue;  // no package
    // One that cannot be read is a package that cannot be opened, which says why.
    std::ifstream file(path, std::ios::binary);
    manifests.emplace_back(version, file ? std::string(std::istreambuf_iterator<char>(file), {}) : std::string());
  }
  return manifests;
}

std::string seconds_text(std::chrono::steady_clock::duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return std::to_string(ms / 1000) + "." + std::to_string(ms / 100 % 10) + " s";
}

gantry::Result<std::shared_ptr<const ServedModel>> open_one(const fs::path& directory, const std::string& name,
                                                            const std::string& version,
                                                            const DirectoryOptions& options) {
  auto pipeline = gantry::open_any(directory.string(), options.engines, options.open);
  if (!pipeline) return std::move(pipeline).error();
  const gantry::PackageInfo& info = pipeline->package();
  if (info.name != name || info.version != version)
    return Error(ErrorCode::kInvalidArgument, "the directory is " + name + "/" + version + ", the package in it is " +
                                                  info.name + "/" + info.version + "; name it as the package");
  const bool begins_with_model = pipeline->inputs().size() == 1 && !pipeline->inputs()[0].tensors.empty();
  const int workers = options.open.model.runtime ? options.open.model.runtime->options().workers : 1;
  return std::make_shared<const ServedModel>(ServedModel{name, version, *pipeline,
                                                         ModelInterface(*pipeline, options.max_samples),
                                                         begins_with_model ? 1 : static_cast<std::size_t>(workers)});
}

}  // namespace

bool is_older_version(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto number_at = [&](const std::string& text, std::size_t& i) {
    while (i < text.size() && text[i] == '0') ++i;
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return text.substr(begin, i - begin);
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string x = number_at(a, i), y = number_at(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i, ++j;
    }
  }
  if (i == a.size() && j == b.size()) return a < b;  // "1" and "01" are different versions
  return i == a.size();
}

gantry::Result<std::shared_ptr<DirectoryStore>> DirectoryStore::open(const DirectoryOptions& options) {
  std::shared_ptr<DirectoryStore> store(new DirectoryStore(options));
  const auto names = subdirectories(options.directory);
  if (!names) return names.error().within("models.directory");
  for (const std::string& name : *names) {
    const auto found = manifests_of(fs::path(options.directory) / name);
    if (!found) return found.error().within("models.directory");
    Versions versions;
    for (const auto& [version, manifest] : *found) {
      versions.push_back(store->open_entry(name, version, manifest));
      if (versions.back().error && !options.allow_failed) return *versions.back().error;
    }
    if (!versions.empty()) store->replace(name, std::move(versions));
  }
  if (store->entries()->empty())
    return Error(ErrorCode::kNotFound, "'" + options.directory +
                                           "' has no package; they lie in <name>/<version>/, as gantry-pack writes "
                                           "them with --out " +
                                           options.directory + "/<name>/<version>")
        .within("models.directory");
  return store;
}

DirectoryStore::Entry DirectoryStore::open_entry(const std::string& name, const std::string& version,
                                                 std::string manifest) const {
  const auto began = std::chrono::steady_clock::now();
  auto model = open_one(fs::path(options_.directory) / name / version, name, version, options_);
  const auto tell = [&](const std::string& text) {
    if (options_.progress) options_.progress(text);
  };
  if (!model) {
    const Error error = model.error().within("model '" + name + "' version '" + version + "'");
    tell(error.to_string());
    return {{name, version, false, error.to_string()}, nullptr, std::move(manifest), error};
  }
  tell(name + "/" + version + ": ready in " + seconds_text(std::chrono::steady_clock::now() - began));
  return {{name, version, true, ""}, *std::move(model), std::move(manifest)};
}

std::shared_ptr<const DirectoryStore::Entries> DirectoryStore::entries() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return entries_;
}

void DirectoryStore::replace(const std::string& name, Versions versions) {
  std::sort(versions.begin(), versions.end(),
            [](const Entry& a, const Entry& b) { return is_older_version(a.state.version, b.state.version); });
  auto changed = std::make_shared<Entries>(*entries());
  (*changed)[name] = std::move(versions);
  std::shared_ptr<const Entries> previous = std::move(changed);
  const std::lock_guard<std::mutex> lock(mutex_);
  previous.swap(entries_);  // what is dropped is destroyed without the lock
}

Error DirectoryStore::unknown(const std::string& name) const {
  std::string names;
  for (const auto& [other, versions] : *entries()) names += (names.empty() ? "" : ", ") + other;
  return Error(ErrorCode::kNotFound, "no model '" + name + "'; there are: " + names);
}

gantry::Result<void> DirectoryStore::load(const std::string& name) {
  const std::lock_guard<std::mutex> lock(loading_);
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
    return Error(ErrorCode::kInvalidArgument, "'" + name + "' is no name of a model: it names a directory");
  const auto found = manifests_of(fs::path(options_.directory) / name);
  if (!found || found->empty())
    return Error(ErrorCode::kNotFound, "models.directory has no package " + name + "/<version>/gantry.json");
  const auto known = entries();
  const auto loaded = known->find(name);
  Versions versions;
  for (const auto& [version, manifest] : *found) {
    const Entry* before = nullptr;
    if (loaded != known->end())
      for (const Entry& one : loaded->second)
        if (one.state.version == version && one.model) before = &one;
    if (before && before->manifest != manifest)
      return Error(ErrorCode::kFailedPrecondition,
                   "version '" + version + "' of model '" + name +
                       "' is loaded, and its gantry.json is another one now; publish it as a new version, or unload "
                       "the model first");
    versions.push_back(before ? *before : open_entry(name, version, manifest));
    if (versions.back().error) return *versions.back().error;
  }
  replace(name, std::move(versions));
  return {};
}

gantry::Result<void> DirectoryStore::unload(const std::string& name) {
  const std::lock_guard<std::mutex> lock(loading_);
  const auto known = entries();
  const auto loaded = known->find(name);
  if (loaded == known->end()) return unknown(name);
  Versions versions;
  for (const Entry& entry : loaded->second)
    versions.push_back({{name, entry.state.version, false, "unloaded"}, nullptr, entry.manifest});
  replace(name, std::move(versions));
  if (options_.progress) options_.progress(name + ": unloaded");
  return {};
}

gantry::Result<std::shared_ptr<const ServedModel>> DirectoryStore::find(const std::string& name,
                                                                        const std::string& version) const {
  const auto entries = this->entries();
  const auto known = entries->find(name);
  if (known == entries->end()) return unknown(name);
  const Versions& versions = known->second;
  auto entry = versions.rbegin();
  if (version.empty())  // the newest that works
    entry = std::find_if(versions.rbegin(), versions.rend(), [](const Entry& one) { return one.model != nullptr; });
  else
    entry = std::find_if(versions.rbegin(), versions.rend(),
                         [&](const Entry& one) { return one.state.version == version; });
  if (entry == versions.rend() && !version.empty()) {
    std::string list;
    for (const Entry& one : versions) list += (list.empty() ? "" : ", ") + one.state.version;
    return Error(ErrorCode::kNotFound, "model '" + name + "' has no version '" + version + "'; there are: " + list);
  }
  if (entry == versions.rend()) entry = versions.rbegin();
  if (!entry->model)
    return Error(ErrorCode::kUnavailable, "version '" + entry->state.version + "' of model '" + name +
                                              "' is not loaded: " + entry->state.reason);
  return entry->model;
}

std::vector<ModelState> DirectoryStore::list() const {
  std::vector<ModelState> states;
  for (const auto& [name, versions] : *entries())
    for (const Entry& entry : versions) states.push_back(entry.state);
  return states;
}

}  // namespace gantry_server
