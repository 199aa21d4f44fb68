// SPDX-License-Identifier: Apache-2.0
// Codecs of a host's types, and those of lists and tuples that follow from them. tests/ops has the built-in ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <gantry/registry.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "model/npy.hpp"
#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;

struct Point {
  float x = 0, y = 0;
};
/// Has no codec.
struct Secret {
  int code = 0;
};
/// Its codec has nothing but a name.
struct Mute {};

Tensor tensor_of(const std::vector<float>& values, const Shape& shape) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}

Codec<Point> point_codec() {
  Codec<Point> codec;
  codec.name = "point";
  codec.write_json = [](const Point& p, JsonWriter& json) { json.begin_list().value(p.x).value(p.y).end_list(); };
  codec.read_json = [](const JsonView& json) -> Result<Point> {
    const auto numbers = json.numbers();
    if (!numbers) return numbers.error();
    if (numbers->size() != 2) return json.error("expected x and y");
    return Point{static_cast<float>((*numbers)[0]), static_cast<float>((*numbers)[1])};
  };
  codec.to_tensors = [](const Point& p) -> Result<Tensors> { return Tensors{{"xy", tensor_of({p.x, p.y}, {2})}}; };
  codec.from_tensors = [](Tensors tensors) -> Result<Point> {
    const auto values = tensors[0].tensor.contiguous().value().values<float>();
    if (!values || values->size() != 2) return Error(ErrorCode::kInvalidArgument, "a point is f32[2]");
    return Point{(*values)[0], (*values)[1]};
  };
  codec.from_bytes = [](Bytes bytes, std::string_view media_type) -> Result<Point> {
    return Point{static_cast<float>(bytes.size()), media_type == "text/plain" ? 1.0f : 0.0f};
  };
  codec.line = [](const Point& p) { return "x " + std::to_string(static_cast<int>(p.x)); };
  return codec;
}

Registry make_registry() {
  Registry registry;
  registry.add_codec(point_codec());
  Codec<Mute> mute;
  mute.name = "mute";
  registry.add_codec(mute);
  return registry;
}

const Codecs& codecs() {
  static const Codecs made = make_registry().codecs();
  return made;
}

template <class T>
std::string json_of(T value) {
  return test::json_of(codecs(), std::move(value));
}

template <class T>
Result<T> read(const std::string& json) {
  return test::read_json<T>(codecs(), json);
}

using Points = std::vector<Point>;
using Pair = std::tuple<Point, Points>;

TEST(Codecs, AHostsTypeIsWrittenAndReadByItsName) {
  EXPECT_EQ(json_of(Point{1, 2.5f}), R"({"point":[1.0,2.5]})");
  EXPECT_EQ(read<Point>(R"({"point": [3, 4]})").value().y, 4.0f);
  EXPECT_EQ(codecs().name_of(PayloadType::of<Point>()), "point");
  EXPECT_EQ(codecs().line(Payload::from(Point{7, 0})).value(), "x 7");
}

TEST(Codecs, ListsAndTuplesFollow) {
  const Pair pair{Point{1, 2}, Points{{3, 4}, {5, 6}}};
  const std::string json = R"({"tuple":[{"point":[1.0,2.0]},{"list":[{"point":[3.0,4.0]},{"point":[5.0,6.0]}]}]})";
  EXPECT_EQ(json_of(pair), json);
  EXPECT_EQ(std::get<1>(read<Pair>(json).value())[1].x, 5.0f);
  EXPECT_EQ(json_of(Points{}), R"({"list":[]})");
  EXPECT_EQ(json_of(std::vector<Points>{{}, {{1, 1}}}), R"({"list":[{"list":[]},{"list":[{"point":[1.0,1.0]}]}]})");
  EXPECT_EQ(codecs().name_of(PayloadType::of<Points>()), "list");
  EXPECT_EQ(codecs().name_of(PayloadType::of<Pair>()), "tuple");
  EXPECT_EQ(codecs().line(Payload::from(pair)).value(), "(x 1, [x 3, x 5])");
}

TEST(Codecs, TypesHaveWholeNamesByWhichTheyAreFound) {
  const auto name = [](const PayloadType& type) { return codecs().full_name_of(type); };
  EXPECT_EQ(name(PayloadType::of<Point>()), "point");
  EXPECT_EQ(name(PayloadType::of<std::vector<Points>>()), "list<list<point>>");
  EXPECT_EQ(name((PayloadType::of<std::tuple<Points, Tensor>>())), "tuple<list<point>, tensor>");
  EXPECT_EQ(name(PayloadType::of<detail::ValueTuple>()), "tuple");
  EXPECT_EQ(name(PayloadType::of<std::vector<Secret>>()), "");
  EXPECT_EQ(name(PayloadType()), "");
  EXPECT_EQ(codecs().find_type("list<list<point>>").value(), PayloadType::of<std::vector<Points>>());
  EXPECT_EQ(codecs().find_type("list<tensor>").value(), PayloadType::of<std::vector<Tensor>>());
  EXPECT_THAT(codecs().find_type("list<secret>"), FailsWith(ErrorCode::kNotFound, "no codec is named 'secret'"));
  EXPECT_THAT(codecs().find_type(""), HasCode(ErrorCode::kNotFound));
  EXPECT_THAT(codecs().find_type("tuple<point>"), FailsWith(ErrorCode::kUnsupported, "must be stated in C++"));
  EXPECT_THAT(codecs().find_type("list<list<list<point>>>"), FailsWith(ErrorCode::kUnsupported, "no lists of list"));
  const auto builtin = Registry::builtin().codecs();
  EXPECT_EQ(builtin.find_type("tensors").value(), PayloadType::of<Tensors>());
  EXPECT_EQ(builtin.find_type("tensor").value(), PayloadType::of<Tensor>());
}

TEST(Codecs, ATupleWhoseTypesAreOpenIsWrittenLikeAnyOther) {
  std::vector<detail::Value> items;
  items.emplace_back(Point{1, 2});
  const Payload payload = Payload::from(detail::ValueTuple(std::move(items)));
  EXPECT_EQ(codecs().to_json(payload).value(), R"({"tuple":[{"point":[1.0,2.0]}]})");
  EXPECT_EQ(payload.type().name(), "tuple");
  EXPECT_THAT(codecs().read_json(payload.type(), JsonView::parse("{\"tuple\": []}").value()),
              FailsWith(ErrorCode::kUnsupported, "whose element types are not stated"));
}

TEST(Codecs, JsonThatDoesNotFitSaysWhere) {
  const auto refuses = [](const char* text) { return FailsWith(ErrorCode::kInvalidArgument, text); };
  EXPECT_THAT(read<Point>(R"({"point": [1]})"), refuses("in.point: expected x and y"));
  EXPECT_THAT(read<Point>(R"({"points": [1, 2]})"),
              refuses("in: expected (anonymous namespace)::Point, which is {\"point\": ...}, got {\"points\""));
  EXPECT_THAT(read<Point>("[1, 2]"), refuses("in: expected"));
  EXPECT_THAT(read<Point>(R"({"point": [1, 2], "more": 1})"), refuses("which is {\"point\": ...}"));
  EXPECT_THAT(read<Points>(R"({"list": [{"point": [1, 2]}, {"point": ["a"]}]})"),
              refuses("in.list[1].point[0]: expected a number, got \"a\""));
  EXPECT_THAT(read<Points>(R"({"list": 3})"), refuses("in.list: expected a list, got 3"));
  EXPECT_THAT(read<Pair>(R"({"tuple": [{"point": [1, 2]}]})"), refuses("in.tuple: expected 2 values, got 1"));
}

TEST(Codecs, TensorsOfAListAreStackedAndTakenApart) {
  const Payload points = Payload::from(Points{{1, 2}, {3, 4}, {5, 6}});
  const Tensors stacked = codecs().to_tensors(points).value();
  ASSERT_EQ(stacked.size(), 1u);
  EXPECT_EQ(stacked[0].name, "xy");
  EXPECT_EQ(stacked[0].tensor.shape(), (Shape{3, 2}));
  auto again = codecs().from_tensors(points.type(), stacked).value();
  EXPECT_EQ(again.get_if<Points>()->at(2).y, 6.0f);
  auto none = codecs().from_tensors(points.type(), Tensors{{"", tensor_of({}, {0, 2})}}).value();
  EXPECT_TRUE(none.get_if<Points>()->empty());
}

TEST(Codecs, AFewBytesCannotStateAnEndlessList) {
  const Tensor endless = tensor_of({}, {std::int64_t{1} << 40, 0});
  const auto list = codecs().from_tensors(PayloadType::of<Points>(), Tensors{{"", endless}});
  ASSERT_THAT(list, FailsWith(ErrorCode::kResourceExhausted, "a list of 1099511627776 empty tensors is too long"));
  EXPECT_EQ(list.error().reason(), ErrorReason::kInputTooLarge);
}

TEST(Codecs, TensorsOfATupleAreNamedByTheirPlace) {
  const Payload pair = Payload::from(Pair{Point{1, 2}, Points{{3, 4}}});
  const Tensors named = codecs().to_tensors(pair).value();
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].name, "0");
  EXPECT_EQ(named[1].name, "1");
  auto again = codecs().from_tensors(pair.type(), named).value();
  EXPECT_EQ(std::get<1>(*again.get_if<Pair>())[0].x, 3.0f);
  EXPECT_THAT(codecs().from_tensors(pair.type(), Tensors{{"0", named[0].tensor}}),
              FailsWith(ErrorCode::kInvalidArgument, "there is no '1' among '0'"));
  Tensors more = named;
  more.add("2", named[0].tensor);
  EXPECT_THAT(codecs().from_tensors(pair.type(), more), FailsWith(ErrorCode::kInvalidArgument, "has 2 items"));
}

TEST(Codecs, WhatCannotBeStackedIsNamed) {
  EXPECT_THAT(codecs().to_tensors(Payload::from(Points{})), FailsWith(ErrorCode::kUnsupported, "an empty list"));
  Registry registry;
  Codec<Tensor> codec;
  codec.name = "tensor";
  codec.to_tensors = [](const Tensor& tensor) -> Result<Tensors> { return Tensors{{"t", tensor}}; };
  registry.add_codec(codec);
  const auto list = Payload::from(std::vector<Tensor>{tensor_of({1}, {1}), tensor_of({1, 2}, {2})});
  EXPECT_THAT(registry.codecs().to_tensors(list),
              FailsWith(ErrorCode::kUnsupported, "different shapes, f32[1] and f32[2]"));
  EXPECT_THAT(codecs().from_tensors(PayloadType::of<Points>(),
                                    Tensors{{"a", tensor_of({1}, {1})}, {"b", tensor_of({1, 2}, {2})}}),
              FailsWith(ErrorCode::kInvalidArgument, "got f32[1] and f32[2]"));
}

TEST(Codecs, NpyFilesHoldWhatIsOneTensor) {
  const Bytes npy = codecs().to_npy(Payload::from(Point{1, 2})).value();
  EXPECT_EQ(detail::parse_npy(npy).value().shape(), (Shape{2}));
  const auto type = PayloadType::of<Point>();
  EXPECT_EQ(codecs().from_bytes(type, npy, "application/x-npy").value().get_if<Point>()->y, 2.0f);
  EXPECT_THAT(codecs().to_npy(Payload::from(Pair{})), HasCode(ErrorCode::kUnsupported)) << "an empty list";
  EXPECT_THAT(codecs().to_npy(Payload::from(Pair{Point(), Points(1)})),
              FailsWith(ErrorCode::kUnsupported, "is 2 tensors here, '0', '1', and not one"));
}

TEST(Codecs, TheMediaTypeSaysHowBytesAreRead) {
  const auto type = PayloadType::of<Point>();
  const auto point = [&](const char* text, const char* media_type) {
    return *codecs().from_bytes(type, Bytes(std::string(text)), media_type).value().get_if<Point>();
  };
  EXPECT_EQ(point("{\"point\":[8,9]}", "Application/JSON; charset=utf-8").y, 9.0f);
  EXPECT_EQ(point("abc", "text/plain").x, 3.0f);
  EXPECT_EQ(point("abc", "text/plain").y, 1.0f);
  EXPECT_EQ(point("abcd", "").x, 4.0f);
  EXPECT_THAT(codecs().from_bytes(type, Bytes(std::string("{")), "application/json"),
              FailsWith(ErrorCode::kInvalidArgument, "not JSON"));
  EXPECT_THAT(codecs().from_bytes(type, Bytes(std::string("no")), "application/x-npy"),
              HasCode(ErrorCode::kInvalidArgument));
  const auto list = PayloadType::of<Points>();
  EXPECT_THAT(codecs().from_bytes(list, Bytes(std::string("{\"list\":[]}")), "application/json"), IsOk());
  EXPECT_THAT(codecs().from_bytes(list, Bytes(std::string("abc")), "text/plain"),
              FailsWith(ErrorCode::kUnsupported, "JSON and .npy can"));
}

TEST(Codecs, DifferencesComeFromTensorsIfTheCodecHasNone) {
  const auto differ = [](auto expected, auto got, Tolerance tolerance) {
    return codecs()
        .difference(Payload::from(std::move(expected)), Payload::from(std::move(got)), tolerance)
        .value()
        .value_or("");
  };
  EXPECT_EQ(differ(Point{1, 2}, Point{1, 2.5f}, Tolerance()), "element [1]: expected 2, got 2.5 (exact)");
  EXPECT_EQ(differ(Point{1, 2}, Point{1, 2.5f}, Tolerance::within(0.5, 0)), "");
  EXPECT_EQ(differ(Points{{1, 2}, {3, 4}}, Points{{1, 2}, {3, 5}}, Tolerance()),
            "[1]: element [1]: expected 4, got 5 (exact)");
  EXPECT_EQ(differ(Points{{1, 2}}, Points{}, Tolerance()), "expected 1 values, got 0");
  Codec<Point> strange = point_codec();
  strange.difference = [](const Point& expected, const Point& got, const Tolerance&) -> std::optional<std::string> {
    return std::to_string(static_cast<int>(expected.x)) + " is not " + std::to_string(static_cast<int>(got.x));
  };
  Registry registry;
  registry.add_codec(strange);
  EXPECT_EQ(registry.codecs().difference(Payload::from(Point{1, 0}), Payload::from(Point{2, 0}), {}).value(),
            "1 is not 2");
  EXPECT_THAT(codecs().difference(Payload::from(Point()), Payload::from(Points()), {}),
              FailsWith(ErrorCode::kInvalidArgument, "expected (anonymous namespace)::Point, got list<"));
}

TEST(Codecs, WhatATypeCannotDoIsSaid) {
  const auto mute = PayloadType::of<Mute>();
  const auto lacks = [](const char* text) { return FailsWith(ErrorCode::kUnsupported, text); };
  EXPECT_THAT(codecs().to_json(Payload::from(Mute())), lacks("cannot be written as JSON: its codec 'mute' has no "));
  EXPECT_THAT(codecs().read_json(mute, JsonView()),
              lacks("cannot be read from JSON: its codec 'mute' has no read_json"));
  EXPECT_THAT(codecs().to_tensors(Payload::from(Mute())), lacks("has no to_tensors"));
  EXPECT_THAT(codecs().to_npy(Payload::from(Mute())), lacks("has no to_tensors"));
  EXPECT_THAT(codecs().from_tensors(mute, {}), lacks("has no from_tensors"));
  EXPECT_THAT(codecs().from_bytes(mute, {}, "image/png"),
              lacks("made from image/png: its codec 'mute' has no from_bytes"));
  EXPECT_THAT(codecs().from_bytes(mute, {}, "application/json"), lacks("has no from_bytes"));
  EXPECT_THAT(codecs().difference(Payload::from(Mute()), Payload::from(Mute()), {}), lacks("cannot be compared"));
  EXPECT_THAT(codecs().line(Payload::from(Mute())), lacks("has no write_json"));
}

TEST(Codecs, ATypeWithoutACodecSaysWhatToDo) {
  const auto unknown = FailsWith(ErrorCode::kUnsupported, "Secret has no codec; give one to Registry::add_codec()");
  EXPECT_THAT(codecs().to_json(Payload::from(Secret())), unknown);
  EXPECT_THAT(codecs().to_json(Payload::from(std::vector<Secret>(1))), unknown);
  EXPECT_THAT(codecs().read_json(PayloadType::of<Secret>(), JsonView()), unknown);
  EXPECT_EQ(codecs().name_of(PayloadType::of<Secret>()), "");
  EXPECT_THAT(Codecs().to_json(Payload::from(Point())), HasCode(ErrorCode::kUnsupported));
}

TEST(Codecs, AnEmptyPayloadIsRefused) {
  EXPECT_THAT(codecs().to_json(Payload()), FailsWith(ErrorCode::kInvalidArgument, "the payload is empty"));
  EXPECT_THAT(codecs().from_bytes(PayloadType(), {}), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(PayloadType().name(), "nothing");
}

TEST(Codecs, ACodecThatThrowsOrWritesNoValueIsAnError) {
  Codec<Point> codec;
  codec.name = "point";
  codec.write_json = [](const Point& p, JsonWriter& json) {
    if (p.x > 0) throw std::runtime_error("no ink");
    if (p.x < 0) json.value(1).value(2);
  };
  codec.read_json = [](const JsonView&) -> Result<Point> { throw std::bad_alloc(); };
  Registry registry;
  registry.add_codec(codec);
  const Codecs broken = registry.codecs();
  EXPECT_THAT(broken.to_json(Payload::from(Point{1, 0})),
              FailsWith(ErrorCode::kInternal, "codec 'point': threw std::runtime_error: no ink"));
  EXPECT_THAT(broken.to_json(Payload::from(Point{0, 0})),
              FailsWith(ErrorCode::kInternal, "codec 'point': write_json: JsonWriter: no value was written"));
  EXPECT_THAT(broken.to_json(Payload::from(Point{-1, 0})), FailsWith(ErrorCode::kInternal, "where a key belongs"));
  EXPECT_THAT(broken.read_json(PayloadType::of<Point>(), JsonView::parse("{\"point\":1}").value()),
              HasCode(ErrorCode::kResourceExhausted));
}

/// What is said of a codec that writes so.
std::string said_of(std::function<void(JsonWriter&)> write, const Payload& payload = Payload::from(Point())) {
  Codec<Point> codec;
  codec.name = "point";
  codec.write_json = [write = std::move(write)](const Point&, JsonWriter& json) { write(json); };
  Registry registry;
  registry.add_codec(codec);
  const auto text = registry.codecs().to_json(payload);
  return text ? *text : text.error().to_string();
}

TEST(Codecs, ACodecWritesNothingBesideItsValue) {
  const auto points = Payload::from(std::vector<Point>(2));
  EXPECT_EQ(said_of([](JsonWriter& json) { json.value(1); }, points), R"({"list":[{"point":1},{"point":1}]})");
  const std::string named = "internal: codec 'point': write_json: JsonWriter: ";
  const auto is_refused = testing::StartsWith(named);
  EXPECT_THAT(said_of([](JsonWriter& json) { json.value(1).key("x").value(2); }), is_refused) << "a sibling";
  const auto leave = [](JsonWriter& json) { json.value(1).end_object().begin_object().key("z").value(1); };
  EXPECT_THAT(said_of(leave), is_refused);
  EXPECT_THAT(said_of(leave, points), is_refused);
  EXPECT_THAT(said_of([](JsonWriter& json) { json.end_object(); }), is_refused);
  EXPECT_THAT(said_of([](JsonWriter& json) { json.begin_object(); }), is_refused);
  EXPECT_THAT(said_of([](JsonWriter& json) { json.value(1), (void)json.finish(); }), is_refused);
  EXPECT_THAT(said_of([](JsonWriter& json) { json.value(1), json = JsonWriter(); }), is_refused);
  EXPECT_THAT(said_of([](JsonWriter& json) { json = JsonWriter(), json.begin_object().key("z").value(1); }),
              is_refused);
}

TEST(Codecs, ACodecMayWriteAnotherPayload) {
  const Codecs inner = make_registry().codecs();
  EXPECT_EQ(said_of([&](JsonWriter& json) {
              json.begin_object().key("at");
              EXPECT_THAT(inner.write_json(Payload::from(Point{1, 2}), json), IsOk());
              json.field("z", 3).end_object();
            }),
            R"({"point":{"at":{"point":[1.0,2.0]},"z":3}})");
}

TEST(Codecs, TensorsOfOneNameAreRefused) {
  Codec<Point> codec = point_codec();
  codec.to_tensors = [](const Point& p) -> Result<Tensors> {
    return Tensors{{"a", tensor_of({p.x}, {1})}, {"b", tensor_of({p.x}, {1})}, {"a", tensor_of({p.y}, {1})}};
  };
  Registry registry;
  registry.add_codec(codec);
  const auto refused = FailsWith(ErrorCode::kInternal, "codec 'point': to_tensors gave more than one tensor 'a'");
  EXPECT_THAT(registry.codecs().to_tensors(Payload::from(Point())), refused);
  EXPECT_THAT(registry.codecs().to_tensors(Payload::from(std::vector<Point>(2))), refused);
  EXPECT_THAT(registry.codecs().difference(Payload::from(Point()), Payload::from(Point()), {}), refused);
}

TEST(Codecs, ANameThatMeansSomethingElseIsRefused) {
  for (const char* name : {"", "list", "tuple", "npy", "file", "tensors", "digest", "sample", "Point", "a b", "\xff"}) {
    Codec<Point> codec = point_codec();
    codec.name = name;
    Registry registry;
    registry.add_codec(codec);
    EXPECT_THAT(registry.codecs().to_json(Payload::from(Point())),
                FailsWith(ErrorCode::kInvalidArgument, "the codec of (anonymous namespace)::Point: "))
        << name;
  }
}

TEST(Codecs, ALaterCodecOfATypeReplacesTheEarlierOne) {
  Registry registry = make_registry();
  const Codecs before = registry.codecs();
  Codec<Point> codec;
  codec.name = "dot";
  codec.write_json = [](const Point&, JsonWriter& json) { json.null(); };
  registry.add_codec(codec);
  EXPECT_EQ(registry.codecs().to_json(Payload::from(Point())).value(), "{\"dot\":null}");
  EXPECT_EQ(before.to_json(Payload::from(Point())).value(), "{\"point\":[0.0,0.0]}");
}

TEST(MediaType, FollowsTheEndingOfAFilesName) {
  EXPECT_EQ(media_type_of("a/b.JPG"), "image/jpeg");
  EXPECT_EQ(media_type_of("b.npy"), "application/x-npy");
  EXPECT_EQ(media_type_of("b.json"), "application/json");
  EXPECT_EQ(media_type_of("b"), "application/octet-stream");
  EXPECT_EQ(media_type_of("b.tar.gz"), "application/octet-stream");
}

TEST(PayloadOf, HoldsAValueOfItsType) {
  Payload payload = Payload::from(Point{1, 2});
  EXPECT_TRUE(payload.type().is<Point>());
  EXPECT_EQ(payload.get_if<Point>()->x, 1.0f);
  EXPECT_EQ(payload.get_if<Points>(), nullptr);
  EXPECT_EQ(payload.as<Point>().value().y, 2.0f);
  EXPECT_TRUE(payload.has_value()) << "copied";
  EXPECT_THAT(payload.as<Points>(), FailsWith(ErrorCode::kInvalidArgument, "expected list<"));
  EXPECT_THAT(std::move(payload).as<Points>(), FailsWith(ErrorCode::kInvalidArgument, ", this is (anonymous"));
  EXPECT_THAT(Payload().as<Point>(), FailsWith(ErrorCode::kInvalidArgument, "this is nothing"));
}

TEST(PayloadOf, CollectsTuplesWhoseTypesAreOpen) {
  const auto open = [] {
    std::vector<detail::Value> inner;
    inner.emplace_back(Point{3, 0});
    std::vector<detail::Value> items;
    items.emplace_back(Point{1, 0});
    items.emplace_back(detail::ValueTuple(std::move(inner)));
    return detail::ValueTuple(std::move(items));
  };
  using Nested = std::tuple<Point, std::tuple<Point>>;
  EXPECT_EQ(std::get<0>(std::get<1>(Payload::from(open()).as<Nested>().value())).x, 3.0f);
  std::vector<detail::ValueTuple> list;
  list.push_back(open());
  EXPECT_EQ(Payload::from(std::move(list)).as<std::vector<Nested>>().value().size(), 1u);
  EXPECT_THAT((Payload::from(open()).as<std::tuple<Point>>()),
              FailsWith(ErrorCode::kInvalidArgument, "expected tuple<(anonymous namespace)::Point>, this is tuple"));
  EXPECT_THAT((Payload::from(open()).as<std::tuple<Point, Point>>()),
              FailsWith(ErrorCode::kInvalidArgument, "[1]: expected (anonymous namespace)::Point, this is tuple"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
