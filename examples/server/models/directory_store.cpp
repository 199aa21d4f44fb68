// SPDX-License-Identifier: Apache-2.0
#include "directory_store.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
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

gantry::Result<std::shared_ptr<DirectoryStore>> DirectoryStore::open(
    const DirectoryOptions& options, const std::function<void(const std::string&)>& progress) {
  auto store = std::make_shared<DirectoryStore>();
  const auto names = subdirectories(options.directory);
  if (!names) return names.error().within("models.directory");
  for (const std::string& name : *names) {
    const fs::path directory = fs::path(options.directory) / name;
    const auto versions = subdirectories(directory);
    if (!versions) return versions.error().within("models.directory");
    for (const std::string& version : *versions) {
      if (std::error_code ignored; !fs::exists(directory / version / "gantry.json", ignored)) continue;
      const auto began = std::chrono::steady_clock::now();
      auto model = open_one(directory / version, name, version, options);
      if (!model) {
        const Error error = model.error().within("model '" + name + "' version '" + version + "'");
        if (!options.allow_failed) return error;
        progress(error.to_string());
        store->entries_[name].push_back({{name, version, false, error.to_string()}, nullptr});
        continue;
      }
      progress(name + "/" + version + ": ready in " + seconds_text(std::chrono::steady_clock::now() - began));
      store->entries_[name].push_back({{name, version, true, ""}, *std::move(model)});
    }
  }
  if (store->entries_.empty())
    return Error(ErrorCode::kNotFound, "'" + options.directory +
                                           "' has no package; they lie in <name>/<version>/, as gantry-pack writes "
                                           "them with --out " +
                                           options.directory + "/<name>/<version>")
        .within("models.directory");
  for (auto& [name, entries] : store->entries_)
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return is_older_version(a.state.version, b.state.version); });
  return store;
}

gantry::Result<std::shared_ptr<const ServedModel>> DirectoryStore::find(const std::string& name,
                                                                        const std::string& version) const {
  const auto known = entries_.find(name);
  if (known == entries_.end()) {
    std::string names;
    for (const auto& [other, entries] : entries_) names += (names.empty() ? "" : ", ") + other;
    return Error(ErrorCode::kNotFound, "no model '" + name + "'; there are: " + names);
  }
  const auto& entries = known->second;
  auto entry = entries.rbegin();
  if (version.empty())  // the newest that works
    entry = std::find_if(entries.rbegin(), entries.rend(), [](const Entry& one) { return one.model != nullptr; });
  else
    entry =
        std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& one) { return one.state.version == version; });
  if (entry == entries.rend() && !version.empty()) {
    std::string versions;
    for (const Entry& one : entries) versions += (versions.empty() ? "" : ", ") + one.state.version;
    return Error(ErrorCode::kNotFound, "model '" + name + "' has no version '" + version + "'; there are: " + versions);
  }
  if (entry == entries.rend()) entry = entries.rbegin();
  if (!entry->model) return Error(ErrorCode::kUnavailable, "the model could not be loaded: " + entry->state.reason);
  return entry->model;
}

std::vector<ModelState> DirectoryStore::list() const {
  std::vector<ModelState> states;
  for (const auto& [name, entries] : entries_)
    for (const Entry& entry : entries) states.push_back(entry.state);
  return states;
}

}  // namespace gantry_server
