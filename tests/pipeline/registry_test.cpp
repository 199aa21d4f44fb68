// SPDX-License-Identifier: Apache-2.0
// Registry: a value with copy-on-write, and what a factory's ParamReader reports.
#include <gtest/gtest.h>
#include <gantry/registry.hpp>

#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::IsOk;
using test::parse_error;

TEST(Registry, KnowsNothingAtFirst) {
  EXPECT_TRUE(Registry().op_names().empty());
}

TEST(Registry, ListsItsOpsSorted) {
  Registry registry;
  for (const char* name : {"b.two", "c.three", "a.one"})
    registry.add<int, int>(name, [](ParamReader&) { return stage("s", [](int x) { return x; }); });
  EXPECT_EQ(registry.op_names(), (std::vector<std::string>{"a.one", "b.two", "c.three"}));
}

TEST(Registry, AddingToACopyLeavesTheOriginalAlone) {
  Registry original;
  original.add<int, int>("a", [](ParamReader&) { return stage("s", [](int x) { return x; }); });
  Registry copy = original;
  copy.add<int, int>("b", [](ParamReader&) { return stage("s", [](int x) { return x; }); });
  copy.add_predicate(Predicate<int>("yes", [](const int&) { return true; }));
  EXPECT_EQ(original.op_names(), (std::vector<std::string>{"a"}));
  EXPECT_EQ(copy.op_names(), (std::vector<std::string>{"a", "b"}));
  const char* when = R"([{"op": "when", "if": {"predicate": "yes"}, "then": [{"op": "a"}], "else": []}])";
  EXPECT_THAT((parse_stages<int, int>(when, copy)), IsOk());
  EXPECT_THAT((parse_stages<int, int>(when, original)),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].if.predicate: unknown predicate 'yes'"));
}

TEST(Registry, ReplacesAnOpOfTheSameName) {
  Registry registry;
  registry.add<int, int>("a", [](ParamReader&) { return stage("first", [](int) { return 1; }); });
  registry.add<int, int>("a", [](ParamReader&) { return stage("second", [](int) { return 2; }); });
  const auto chain = parse_stages<int, int>(R"([{"op": "a"}])", registry).value();
  EXPECT_EQ(chain.node()->name, "second");
}

TEST(Registry, MakesADescriptionOnceAndWhenItIsFirstAskedFor) {
  const auto counting = [](int& count) {
    return std::function<OpDescription()>([&count] {
      if (++count == 1) throw std::bad_alloc();
      return OpDescription{.summary = "counts"};
    });
  };
  Registry registry;
  int named = 0, other = 0;
  const auto make = [](ParamReader&) { return stage("s", [](int x) { return x; }); };
  registry.add<int, int>("acme.named", make, counting(named));
  registry.add<int, int>("acme.other", make, counting(other));
  const Registry copy = registry;
  const char* config = R"([{"op": "acme.named"}])";
  EXPECT_THAT((parse_stages<int, int>(config, registry)), FailsWith(ErrorCode::kResourceExhausted, "pipeline[0]"));
  EXPECT_THAT((parse_stages<int, int>(config, registry)), IsOk());
  EXPECT_THAT((parse_stages<int, int>(config, copy)), IsOk());
  EXPECT_EQ(named, 2) << "the copy shares it";
  EXPECT_EQ(other, 0);
  EXPECT_EQ(copy.find("acme.named")->summary, "counts");
  EXPECT_EQ(copy.find("acme.named")->domain, "acme");
  EXPECT_EQ(copy.find("acme.named")->takes, "int");
  EXPECT_EQ(named, 2);
}

TEST(Registry, NamesOfTheConfigItselfAreRefused) {
  for (const char* name : {"bundle", "each", "fork", "model", "select", "when"}) {
    Registry registry;
    const auto count = registry.descriptions().size();
    registry.add<int, int>("a", [](ParamReader&) { return stage("a", [](int x) { return x; }); });
    registry.add<int, int>(name, [](ParamReader&) { return stage("mine", [](int x) { return x; }); });
    EXPECT_EQ(registry.op_names(), (std::vector<std::string>{"a"}));
    EXPECT_EQ(registry.descriptions().size(), count + 1) << "listed once";
    EXPECT_THAT((parse_stages<int, int>(R"([{"op": "a"}])", registry)),
                FailsWith(ErrorCode::kInvalidArgument,
                          "Registry::add(\"" + std::string(name) + "\"): every Registry has an op of this name"));
  }
}

TEST(Registry, AFactoryWithoutAStageIsNamed) {
  Registry registry;
  registry.add<int, int>("none", [](ParamReader&) { return Stage<int, int>(detail::NodePtr()); });
  EXPECT_THAT((parse_stages<int, int>(R"([{"op": "none"}])", registry)),
              FailsWith(ErrorCode::kInternal, "pipeline[0]: the factory of 'none' made no stage"));
}

/// What `read` makes of the op's parameters.
template <class Read>
std::string error_of_params(const std::string& params, Read read) {
  Registry registry;
  registry.add<int, int>("op", [read](ParamReader& p) {
    read(p);
    return stage("op", [](int x) { return x; });
  });
  const auto chain = parse_stages<int, int>(R"([{"op": "op")" + (params.empty() ? "" : ", " + params) + "}]", registry);
  return chain ? "" : chain.error().to_string();
}

TEST(ParamReader, ReadsEveryKind) {
  const std::string params = R"("i": 3, "f": 0.1, "one": 2, "many": [0.1, 1e300], "b": true, "s": "text", "c": "blue")";
  EXPECT_EQ(error_of_params(params,
                            [](ParamReader& p) {
                              EXPECT_EQ(p.integer("i"), 3);
                              EXPECT_EQ(p.number("f"), 0.1);
                              EXPECT_EQ(p.floats("one"), (std::vector<float>{2.0f}));
                              EXPECT_EQ(p.floats("many")[0], 0.1f);  // from double, rounded once
                              EXPECT_TRUE(p.boolean("b", false));
                              EXPECT_EQ(p.string("s"), "text");
                              EXPECT_EQ(p.choice("c", {"red", "blue"}), 1u);
                              EXPECT_TRUE(p.has("i"));
                              EXPECT_FALSE(p.has("j"));
                            }),
            "");
}

TEST(ParamReader, FallsBackToDefaults) {
  EXPECT_EQ(error_of_params("",
                            [](ParamReader& p) {
                              EXPECT_EQ(p.integer("i", 7), 7);
                              EXPECT_EQ(p.number("f", 0.5), 0.5);
                              EXPECT_EQ(p.floats("v", {1.0f, 2.0f}), (std::vector<float>{1.0f, 2.0f}));
                              EXPECT_TRUE(p.boolean("b", true));
                              EXPECT_EQ(p.string("s", "d"), "d");
                              EXPECT_EQ(p.choice("c", {"red", "blue"}, 1), 1u);
                              EXPECT_TRUE(p.file("absent").empty());
                            }),
            "");
}

TEST(ParamReader, NamesWhatIsMissingOrWrong) {
  const auto expect = [](const std::string& params, auto read, const std::string& message) {
    EXPECT_EQ(error_of_params(params, read), "invalid_argument: pipeline[0]" + message);
  };
  const auto size = [](ParamReader& p) { p.integer("size"); };
  expect("", size, ".size: is required");
  expect(R"("size": "large")", size, ".size: expected an integer, got \"large\"");
  expect(R"("size": 2.5)", size, ".size: expected an integer, got 2.5");
  expect(R"("size": null)", size, ".size: expected an integer, got null");
  expect(R"("size": [1])", size, ".size: expected an integer, got a list");
  expect(R"("size": 1, "sice": 2)", size, ".sice: unknown key; expected one of op, size");
  expect(R"("f": "x")", [](ParamReader& p) { p.number("f"); }, ".f: expected a number, got \"x\"");
  expect(R"("v": [1, "x"])", [](ParamReader& p) { p.floats("v"); }, ".v[1]: expected a number, got \"x\"");
  expect(R"("v": {})", [](ParamReader& p) { p.floats("v"); },
         ".v: expected a number or a list of numbers, got an object");
  expect(R"("b": 1)", [](ParamReader& p) { p.boolean("b", true); }, ".b: expected true or false, got 1");
  expect(R"("s": 1)", [](ParamReader& p) { p.string("s"); }, ".s: expected a string, got 1");
  expect(R"("c": "green")",
         [](ParamReader& p) {
           p.choice("c", {"red", "blue"});
         },
         ".c: expected one of \"red\", \"blue\", got \"green\"");
  expect(R"("size": 99)",
         [](ParamReader& p) {
           if (p.integer("size") > 10) p.fail("size", "must be 1..10, got 99");
         },
         ".size: must be 1..10, got 99");
}

TEST(ParamReader, KeepsTheFirstMistake) {
  EXPECT_EQ(error_of_params(R"("a": "x", "b": "y")",
                            [](ParamReader& p) {
                              EXPECT_EQ(p.integer("a"), 0);
                              EXPECT_EQ(p.integer("b", 5), 5);  // after a mistake: the default
                              p.fail("c", "later");
                            }),
            "invalid_argument: pipeline[0].a: expected an integer, got \"x\"");
}

TEST(ParamReader, TranslatesWhatAFactoryThrows) {
  EXPECT_EQ(error_of_params("", [](ParamReader&) { throw std::runtime_error("factory"); }),
            "internal: pipeline[0]: threw std::runtime_error: factory");
}

TEST(ParamReader, ReportsTheErrorOfTheStageThatAFactoryMakes) {
  Registry registry;
  registry.add<int, int>("op", [](ParamReader&) {
    auto node = detail::make_node<int, int>("op", "op");
    node.error = Error(ErrorCode::kInvalidArgument, "size must be 1..10, got 11");
    return detail::to_stage<int, int>(std::move(node));
  });
  EXPECT_EQ((parse_error<int, int>(R"([{"op": "op"}])", registry)),
            "invalid_argument: pipeline[0]: 'op': size must be 1..10, got 11");
}

TEST(ParamReader, ReadsFilesOfThePackage) {
  Registry registry;
  registry.add<int, std::string>("op", [](ParamReader& p) {
    const Bytes file = p.file("file");
    return stage("op", [text = std::string(file.begin(), file.end())](int) { return text; });
  });
  ConfigContext context;
  context.files = [](const std::string& name) -> Result<Bytes> {
    if (name != "labels.txt") return Error(ErrorCode::kNotFound, "no file '" + name + "'");
    return Bytes(std::string("cat"));
  };
  const auto error = [&](const char* json, const ConfigContext& with) {
    return parse_error<int, std::string>(json, registry, with);
  };
  EXPECT_THAT((parse_stages<int, std::string>(R"([{"op": "op", "file": "labels.txt"}])", registry, context)), IsOk());
  EXPECT_EQ(error(R"([{"op": "op", "file": "other.txt"}])", context),
            "not_found: pipeline[0].file: no file 'other.txt'");
  EXPECT_EQ(error(R"([{"op": "op", "file": 3}])", context),
            "invalid_argument: pipeline[0].file: expected a string, got 3");
  EXPECT_EQ(error(R"([{"op": "op", "file": "labels.txt"}])", {}),
            "invalid_argument: pipeline[0].file: names the file 'labels.txt', but this config may not refer to files");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
