// SPDX-License-Identifier: Apache-2.0
#include "package/golden_record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <gantry/json_writer.hpp>

#include "core/json_object.hpp"
#include "core/open_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uint64_t kMaxRecordBytes = 1 << 20;
constexpr std::int64_t kRecordFormat = 1;
constexpr std::int64_t kMany = 1 << 20;

Error at(const std::string& directory, ErrorCode code, const std::string& what) {
  return Error(code, "OpenOptions::golden_cache: '" + directory + "' " + what);
}

std::optional<GoldenRecord> parse(const std::string& text, const std::string& identity) {
  const auto json = parse_json(text, "record");
  if (!json) return std::nullopt;
  JsonObject object(*json, "");
  GoldenRecord record;
  const bool is_ours = object.integer("format") == kRecordFormat && object.string("identity") == identity;
  record.cases = static_cast<std::size_t>(object.integer("cases", 1, kMany, std::nullopt));
  const Json* models = object.require("models");
  if (!object.finish() || !is_ours || !models->is_array()) return std::nullopt;
  for (const Json& item : *models) {
    JsonObject fields(item, "models");
    RecordedModel model;
    model.name = fields.string("name");
    model.engine = static_cast<std::size_t>(fields.integer("engine", 0, kMany, std::nullopt));
    model.merged = static_cast<std::size_t>(fields.integer("merged", 1, kMany, std::nullopt));
    model.merging = fields.string("merging");
    if (!fields.finish()) return std::nullopt;
    record.models.push_back(std::move(model));
  }
  return record;
}

Result<std::string> to_text(const std::string& identity, const GoldenRecord& record) {
  JsonWriter writer;
  writer.begin_object().field("format", kRecordFormat).field("identity", identity).field("cases", record.cases);
  writer.key("models").begin_list();
  for (const RecordedModel& model : record.models) {
    writer.begin_object().field("name", model.name).field("engine", model.engine).field("merged", model.merged);
    writer.field("merging", model.merging).end_object();
  }
  writer.end_list().end_object();
  return writer.finish();
}

}  // namespace

const RecordedModel* GoldenRecord::model(const std::string& name) const {
  const auto found = std::find_if(models.begin(), models.end(), [&](const auto& one) { return one.name == name; });
  return found == models.end() ? nullptr : &*found;
}

Result<GoldenRecords> GoldenRecords::open(const std::string& directory) {
  if (directory.empty())
    return Error(ErrorCode::kInvalidArgument,
                 "OpenOptions::golden is kFirstTime, which needs golden_cache: a directory of the host's own");
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
    return at(directory, ErrorCode::kNotFound, "cannot be made: " + system_message(errno));
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0)
    return at(directory, ErrorCode::kNotFound, "is not there: " + system_message(errno));
  if (!S_ISDIR(status.st_mode)) return at(directory, ErrorCode::kNotFound, "is no directory");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return at(directory, ErrorCode::kFailedPrecondition,
              "belongs to user " + std::to_string(status.st_uid) + ", who could say that a package passed; give a " +
                  "directory of this user's, or of root's");
  if ((status.st_mode & S_IWOTH) != 0)
    return at(directory, ErrorCode::kFailedPrecondition,
              "is writable for everybody, who could say that a package passed; give a directory in it, which is made "
              "for this user alone");
  return GoldenRecords(directory);
}

std::string GoldenRecords::path_of(const std::string& identity) const {
  return directory_ + "/" + identity + ".json";
}

std::optional<GoldenRecord> GoldenRecords::find(const std::string& identity) const {
  const auto file = OpenFile::open(path_of(identity), O_NOFOLLOW);
  if (!file || !file->is_regular() || file->size() > kMaxRecordBytes) return std::nullopt;
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  if (!file->read_exactly(0, text.data(), text.size())) return std::nullopt;
  return parse(text, identity);
}

Result<void> GoldenRecords::keep(const std::string& identity, const GoldenRecord& record) const {
  static std::atomic<unsigned> count{0};
  GANTRY_ASSIGN_OR_RETURN(const auto text, to_text(identity, record));
  const std::string unfinished =
      directory_ + "/." + identity + "-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
  static_cast<void>(::unlink(unfinished.c_str()));  // left by a killed process with the same id
  const auto failed = [&] {
    Error error = at(directory_, ErrorCode::kFailedPrecondition, "cannot be written to: " + system_message(errno));
    static_cast<void>(::unlink(unfinished.c_str()));
    return error;
  };
  const auto file = OpenFile::create(unfinished);
  if (!file || !file->write(text) || ::fsync(file->descriptor()) != 0) return failed();
  if (std::rename(unfinished.c_str(), path_of(identity).c_str()) != 0) return failed();
  return {};
}

void GoldenRecords::forget(const std::string& identity) const {
  static_cast<void>(::unlink(path_of(identity).c_str()));
}

}  // namespace gantry::inline GANTRY_ABI::detail
