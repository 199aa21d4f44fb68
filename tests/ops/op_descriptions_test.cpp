// SPDX-License-Identifier: Apache-2.0
// What is said of each op holds: its example builds, its defaults are the factory's, its limits are those that are
// kept.
#include <gtest/gtest.h>
#include <gantry/registry.hpp>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "model/npy.hpp"
#include "ops/run_stage.hpp"
#include "pipeline/op_table.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using nlohmann::json;
using test::IsOk;
using Type = OpParameter::Type;

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_alternative(const OpDescription& op, const OpParameter& parameter) {
  for (const auto& alternative : op.one_of)
    if (is_in(alternative, parameter.name())) return true;
  return false;
}

class OpDescriptions : public testing::Test {
 protected:
  Result<detail::NodePtr> build(const json& op) const {
    ConfigContext context;
    context.files = [](const std::string& name) -> Result<Bytes> {
      if (name == "anchors.npy" || name == "known.npy")
        return detail::to_npy(Tensor::zeros(DType::kF32, {2, 4}).value());
      return Bytes(std::string("cat\ndog\n"));
    };
    context.models.emplace("net", model_);
    return detail::parse_stages(json::array({op}).dump(), nullptr, nullptr, registry_, context);
  }
  bool accepts(const json& op) const { return build(op).ok(); }

  /// A side of an op that takes both or neither.
  static bool has_both_sides_or_none(const OpDescription& op, const std::string& parameter) {
    return (op.name == "segment" || op.name == "segment.binary") && (parameter == "width" || parameter == "height");
  }

  /// What build() says of `base` with `value` for the parameter, or with one choice of another parameter beside it:
  /// filters depend on the reference, for one.
  bool accepts(const OpDescription& op, json base, const std::string& parameter, const json& value) const {
    base[parameter] = value;
    if (has_both_sides_or_none(op, parameter)) base["width"] = base["height"] = value;
    for (const auto& [beside, choice] : choices_beside(op, *op.find(parameter))) {
      json varied = base;
      if (!beside.empty()) varied[beside] = choice;
      if (accepts(varied)) return true;
    }
    return false;
  }

  /// Nothing, then each value of each other parameter that has a few: a parameter may be of account beside it alone.
  /// Not of another alternative.
  static std::vector<std::pair<std::string, json>> choices_beside(const OpDescription& op,
                                                                  const OpParameter& parameter) {
    std::vector<std::pair<std::string, json>> all = {{"", nullptr}};
    for (const OpParameter& other : op.parameters) {
      if (other.name() == parameter.name()) continue;
      if (is_alternative(op, parameter) && is_alternative(op, other)) continue;
      for (const std::string& choice : other.choices()) all.emplace_back(other.name(), choice);
      if (other.type() == Type::kBoolean) all.emplace_back(other.name(), true);
    }
    return all;
  }

  /// Of ops that are made by a factory.
  std::vector<OpDescription> leaf_ops() const {
    std::vector<OpDescription> ops;
    for (const std::string& name : registry_.op_names()) ops.push_back(*registry_.find(name));
    return ops;
  }

  const Registry registry_ = Registry::builtin();
  const Model model_ = test::make_fake_model(std::make_shared<test::FakeScript>(), test::calling_thread());
};

/// The example's required parameters, and of alternatives those that `parameter` is part of.
json base_for(const OpDescription& op, const OpParameter& parameter, const std::vector<OpParameter>& all) {
  const json example = json::parse(op.example);
  json base = {{"op", op.name}};
  for (const OpParameter& each : all)
    if (each.is_required()) base[each.name()] = example.at(each.name());
  const std::vector<std::string>* chosen = nullptr;
  for (const auto& alternative : op.one_of)
    if (is_in(alternative, parameter.name())) chosen = &alternative;
  for (const auto& alternative : op.one_of)
    if (chosen == nullptr && example.contains(alternative.front())) chosen = &alternative;
  if (chosen == nullptr) return base;
  for (const std::string& name : *chosen) base[name] = example.contains(name) ? example[name] : json(64);
  return base;
}

/// A value that is accepted, for parameters whose numbers depend on each other.
json valid_numbers(const OpDescription& op, const OpParameter& parameter) {
  const json example = json::parse(op.example);
  if (example.contains(parameter.name())) return example[parameter.name()];
  if (parameter.name() == "box") return {0, 0, 9, 9};
  return json(std::vector<double>(parameter.counts().empty() ? 1 : parameter.counts().front(), 5));
}

TEST_F(OpDescriptions, EveryOpHasOne) {
  std::set<std::string> compound;
  for (const OpDescription& op : registry_.descriptions()) {
    SCOPED_TRACE(op.name);
    for (const std::string* text : {&op.summary, &op.takes, &op.gives, &op.tolerance, &op.example, &op.domain}) {
      EXPECT_FALSE(text->empty());
      EXPECT_EQ(text->find('\n'), std::string::npos);
    }
    EXPECT_NE(op.summary.back(), '.');
    EXPECT_NE(op.domain, "other");
    EXPECT_TRUE(op.domain == "pipeline" || !op.reference.empty());
    if (op.domain == "pipeline") compound.insert(op.name);
    for (const auto& alternative : op.one_of)
      for (const std::string& name : alternative) EXPECT_NE(op.find(name), nullptr) << name;
  }
  for (const char* name : {"bundle", "each", "fork", "model", "select", "when"})
    EXPECT_EQ(compound.count(name), 1u) << name;
  EXPECT_EQ(registry_.descriptions().size(), registry_.op_names().size() + compound.size());
  EXPECT_FALSE(registry_.predicates().empty());
  for (const PredicateDescription& predicate : registry_.predicates()) EXPECT_FALSE(predicate.summary.empty());
}

TEST_F(OpDescriptions, ExamplesBuild) {
  for (const OpDescription& op : registry_.descriptions()) {
    const json example = json::parse(op.example);
    EXPECT_EQ(example.at("op"), op.name);
    const auto built = build(example);
    EXPECT_THAT(built, IsOk()) << op.example;
  }
}

TEST_F(OpDescriptions, TypesAreThoseOfTheStage) {
  for (const OpDescription& op : leaf_ops()) {
    const auto node = build(json::parse(op.example));
    ASSERT_THAT(node, IsOk()) << op.name;
    EXPECT_EQ((*node)->in->name(), op.takes);
    EXPECT_EQ((*node)->out->name(), op.gives);
  }
}

TEST_F(OpDescriptions, DefaultsSaidAloudChangeNothing) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      const std::string value = detail::default_json(parameter);
      if (value.empty() || is_alternative(op, parameter)) continue;
      SCOPED_TRACE(op.name + " " + parameter.name());
      const json base = base_for(op, parameter, op.parameters);
      json said = base;
      said[parameter.name()] = json::parse(value);
      const auto without = build(base), with = build(said);
      ASSERT_THAT(without, IsOk());
      ASSERT_THAT(with, IsOk());
      EXPECT_EQ((*without)->params.text, (*with)->params.text);
    }
}

/// What is given reaches the op: a parameter that its factory forgot would change nothing.
TEST_F(OpDescriptions, AnotherValueThanTheDefaultIsSeenInThePlan) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      if (is_alternative(op, parameter) || parameter.is_required()) continue;
      if (parameter.type() != Type::kInteger && parameter.type() != Type::kBoolean) continue;
      SCOPED_TRACE(op.name + " " + parameter.name());
      const json base = base_for(op, parameter, op.parameters);
      json other = base;
      if (parameter.type() == Type::kBoolean)
        other[parameter.name()] = !std::get<bool>(parameter.default_value());
      else
        other[parameter.name()] = static_cast<std::int64_t>(*parameter.most());
      if (has_both_sides_or_none(op, parameter.name())) other["width"] = other["height"] = 9;
      bool is_seen = false;
      for (const auto& [beside, value] : choices_beside(op, parameter)) {
        json plain = base;
        if (!beside.empty()) plain[beside] = other[beside] = value;
        const auto without = build(plain), with = build(other);
        is_seen = with && without && (*without)->params.text != (*with)->params.text;
        if (is_seen) break;
        if (!beside.empty()) other.erase(beside);
      }
      EXPECT_TRUE(is_seen) << other;
    }
}

TEST_F(OpDescriptions, LimitsOfSingleNumbersAreKept) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      if (parameter.type() != Type::kInteger && parameter.type() != Type::kNumber) continue;
      SCOPED_TRACE(op.name + " " + parameter.name());
      const json base = base_for(op, parameter, op.parameters);
      const auto takes = [&](double value) {
        return parameter.is_whole() ? accepts(op, base, parameter.name(), static_cast<std::int64_t>(value))
                                    : accepts(op, base, parameter.name(), value);
      };
      const double step = parameter.is_whole() ? 1 : 0.25;
      if (parameter.least()) {
        const bool means_absent = is_alternative(op, parameter) && *parameter.least() == 0;
        EXPECT_EQ(takes(*parameter.least()), !parameter.excludes_least() && !means_absent);
        EXPECT_FALSE(takes(*parameter.least() - step));
        if (parameter.excludes_least()) {
          EXPECT_TRUE(takes(*parameter.least() + step));
        }
      }
      if (parameter.most()) {
        EXPECT_TRUE(takes(*parameter.most()));
        EXPECT_FALSE(takes(*parameter.most() + step));
      }
      if (parameter.allows_zero()) {
        EXPECT_TRUE(takes(0));
      }
      if (parameter.excludes_zero()) {
        EXPECT_FALSE(takes(0));
      }
      if (!parameter.least() && !parameter.most() && !parameter.excludes_zero()) {
        EXPECT_TRUE(takes(-1e6) && takes(1e6));
      }
      EXPECT_FALSE(accepts(op, base, parameter.name(), "many"));
      if (parameter.is_whole()) {
        EXPECT_FALSE(accepts(op, base, parameter.name(), 1.5));
      }
    }
}

TEST_F(OpDescriptions, LimitsOfListsOfNumbersAreKept) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      if (parameter.type() != Type::kNumbers) continue;
      SCOPED_TRACE(op.name + " " + parameter.name());
      const json base = base_for(op, parameter, op.parameters);
      const auto takes = [&](const json& value) { return accepts(op, base, parameter.name(), value); };
      json valid = valid_numbers(op, parameter);
      if (!valid.is_array()) valid = json::array({valid});
      EXPECT_TRUE(takes(valid)) << valid;
      const auto with_first = [&](double value) {
        json changed = valid;
        changed[0] = value;
        return changed;
      };
      if (parameter.least()) {
        EXPECT_FALSE(takes(with_first(*parameter.least() - 1)));
      }
      if (parameter.most()) {
        EXPECT_FALSE(takes(with_first(*parameter.most() + 1)));
      }
      if (parameter.is_whole()) {
        EXPECT_FALSE(takes(with_first(1.5)));
      }
      if (parameter.excludes_zero()) {
        EXPECT_FALSE(takes(with_first(0)));
      }
      for (const std::size_t count : {1, 2, 3, 4, 5, 8, 9}) {
        const auto& counts = parameter.counts();
        const bool fits = counts.empty() || std::find(counts.begin(), counts.end(), count) != counts.end();
        if (!fits) {
          EXPECT_FALSE(takes(json(std::vector<double>(count, 5)))) << count;
        }
        if (fits && (counts.empty() || counts.size() > 1)) {
          EXPECT_TRUE(takes(json(std::vector<double>(count, 5)))) << count;
        }
      }
      EXPECT_FALSE(takes("many"));
      EXPECT_FALSE(takes(json::array()));
    }
}

TEST_F(OpDescriptions, ChoicesAreTheseAndNoOthers) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      const json base = base_for(op, parameter, op.parameters);
      const auto takes = [&](const json& value) { return accepts(op, base, parameter.name(), value); };
      SCOPED_TRACE(op.name + " " + parameter.name());
      if (parameter.type() == Type::kChoice) {
        std::set<std::string> all = {"unknown"};  // and what the same parameter of other ops knows
        for (const OpDescription& other : leaf_ops())
          if (const OpParameter* same = other.find(parameter.name()))
            all.insert(same->choices().begin(), same->choices().end());
        for (const std::string& choice : all) EXPECT_EQ(takes(choice), is_in(parameter.choices(), choice)) << choice;
      } else if (parameter.type() == Type::kBoolean) {
        EXPECT_TRUE(takes(true));
        if (!is_alternative(op, parameter)) {
          EXPECT_TRUE(takes(false));
        }
        EXPECT_FALSE(takes(1));
      } else if (parameter.type() == Type::kFile) {
        EXPECT_TRUE(takes(parameter.name() == "labels" ? "labels.txt" : "anchors.npy"));
        EXPECT_FALSE(takes(1));
      }
    }
}

TEST_F(OpDescriptions, RequiredParametersAreRequiredAndOthersAreNot) {
  for (const OpDescription& op : leaf_ops())
    for (const OpParameter& parameter : op.parameters) {
      SCOPED_TRACE(op.name + " " + parameter.name());
      json base = base_for(op, parameter, op.parameters);
      base.erase(parameter.name());
      EXPECT_EQ(accepts(base), !parameter.is_required() && !is_alternative(op, parameter));
    }
}

TEST_F(OpDescriptions, UnknownKeysAreAnsweredWithAllThatThereAre) {
  for (const OpDescription& op : leaf_ops()) {
    json misspelt = json::parse(op.example);
    misspelt["colr"] = 1;
    const auto built = build(misspelt);
    ASSERT_FALSE(built.ok());
    for (const OpParameter& parameter : op.parameters)
      EXPECT_NE(built.error().message().find(parameter.name()), std::string::npos)
          << op.name << " " << parameter.name();
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
