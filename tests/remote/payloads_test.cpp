// SPDX-License-Identifier: Apache-2.0
// How the payloads of a remote pipeline go and come, and what is refused.
#include <gantry/classify.hpp>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "remote/pipeline_fixture.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;

using RemotePayloads = RemotePipelineTest;

Tensor one_to_four() {
  const std::vector<float> values{1, 2, 3, 4};
  return Tensor::from(Span<const float>(values.data(), 4), {4}).value();
}

/// Classes with any scores but infinities, as the server writes them, which are read again.
TEST_F(RemotePayloads, KeepsTheBitsOfEveryFloat) {
  std::mt19937 random(11);
  std::vector<Class> sent;
  // The last one is read wrong by way of a double: its shortest text is nearer to another float's side.
  for (const float special : {0.0F, -0.0F, 1e-45F, 3.4028235e38F, 16777216.0F, 7.038531e-26F})
    sent.push_back({0, "", special});
  while (sent.size() < 2000) {
    const auto bits = static_cast<std::uint32_t>(random());
    float score = 0;
    std::memcpy(&score, &bits, sizeof score);
    if (std::isfinite(score)) sent.push_back({static_cast<std::int64_t>(random()), "", score});
  }
  const auto json = Registry::builtin().codecs().to_json(Payload::from(Classes(sent))).value();
  ScriptedServer server(answers(file_answer("classes", with_length(json))));
  server.set_metadata(metadata(kPhoto, kClasses));
  const auto classes = connect_to<Bytes, Classes>(server.address()).value().run(Bytes("x")).value();
  ASSERT_EQ(classes.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(std::memcmp(&classes[i].score, &sent[i].score, sizeof(float)), 0) << sent[i].score;
    EXPECT_EQ(classes[i].index, sent[i].index);
  }
}

TEST_F(RemotePayloads, WritesPayloadsAsTheirCodecsCan) {
  ScriptedServer server(answers(file_answer("classes", with_length(R"({"classes":[]})"))));
  server.set_metadata(metadata(file("input", "image"), kClasses));
  const Image image = Image::from(Tensor::zeros(DType::kU8, {2, 3, 3}).value(), Colour::kRgb).value();
  const auto of_image = connect_to<Image, Classes>(server.address()).value();
  ASSERT_THAT(of_image.run(image), IsOk());
  EXPECT_THAT(parts_of(server.last_infer()).first, HasSubstr(R"("content_type":"application/x-npy")"));
  EXPECT_EQ(parts_of(server.last_infer()).second.substr(4, 6), "\x93NUMPY");
  server.set_metadata(metadata(file("input", "list<boxes>"), kClasses));
  const auto of_boxes = connect_to<std::vector<Boxes>, Classes>(server.address()).value();
  ASSERT_THAT(of_boxes.run({Boxes(std::vector<Box>{{1, 2, 3, 4.5F}})}), IsOk());
  EXPECT_THAT(parts_of(server.last_infer()).first, HasSubstr(R"("content_type":"application/json")"));
  EXPECT_EQ(parts_of(server.last_infer()).second, with_length(R"({"list":[{"boxes":[[1.0,2.0,3.0,4.5]]}]})"));
}

TEST_F(RemotePayloads, ReadsTuplesWhoseTypesAreStated) {
  const std::string json = R"({"tuple":[{"classes":[]},{"list":[{"boxes":[[0,0,1,1]]}]}]})";
  ScriptedServer server(answers(file_answer("tuple", with_length(json))));
  using Pair = std::tuple<Classes, std::vector<Boxes>>;
  for (const char* payload : {"tuple", "tuple<classes, list<boxes>>", ""}) {
    server.set_metadata(metadata(kPhoto, file("tuple", payload)));
    const auto pair = connect_to<Bytes, Pair>(server.address()).value().run(Bytes("x")).value();
    EXPECT_EQ(std::get<1>(pair).at(0)[0].x1, 1.0F);
  }
  server.set_metadata(metadata(kPhoto, file("tuple", "tuple<classes, list<boxes>>")));
  EXPECT_THAT(connect_any(server.address()), FailsWith(ErrorCode::kUnsupported, "must be stated in C++"));
  EXPECT_THAT((connect_to<Bytes, std::tuple<Classes, Boxes>>(server.address())), HasCode(ErrorCode::kInvalidArgument));
}

TEST_F(RemotePayloads, TakesTensorsOfASample) {
  ScriptedServer server;
  for (const char* parameters : {"", R"(,"parameters":{"payload":"tensor"})"}) {
    const auto with = [&](std::string tensor) { return tensor.insert(tensor.size() - 1, parameters); };
    server.set_metadata(metadata(with(kX), with(kY)));
    const auto pipeline = connect_any(server.address()).value();
    EXPECT_EQ(pipeline.inputs()[0].type.name(), "Tensor");
    ASSERT_EQ(pipeline.inputs()[0].tensors.size(), 1u);
    EXPECT_EQ(pipeline.inputs()[0].tensors[0].name, "x");
    const auto answer = pipeline.run(Payload::from(one_to_four()));
    EXPECT_EQ(answer.value().as<Tensor>().value().values<float>().value()[3], 9.0F);
  }
  server.set_metadata(
      metadata(R"({"name":"x","datatype":"FP32","shape":[-1,4],"parameters":{"payload":"tensors"}})", kY));
  EXPECT_THAT((connect_to<Tensors, Tensor>(server.address())), IsOk());
  EXPECT_THAT((connect_to<Tensor, Tensor>(server.address())), HasCode(ErrorCode::kInvalidArgument));
}

TEST_F(RemotePayloads, HasTheTensorsThatTheServerDoesNotKnowFromTheOptions) {
  ScriptedServer server([](const Request& request, Wire& wire, int) {
    wire.send(gantry_test::infer_answer(parts_of(request).second, "[4]", 16));
    return true;
  });
  server.set_metadata(metadata("", ""));
  server.set_max_batch(0);
  EXPECT_THAT(connect_any(server.address()), FailsWith(ErrorCode::kFailedPrecondition, "PipelineOptions::signature"));
  remote::PipelineOptions options;
  options.signature = Signature::parse("x:f32[4]", "y:f32[4]").value();
  const auto pipeline = connect_to<Tensor, Tensor>(server.address(), options).value();
  const auto answer = pipeline.run(one_to_four());
  EXPECT_EQ(answer.value().values<float>().value()[3], 4.0F);
}

TEST_F(RemotePayloads, TakesSeveralInputsByName) {
  ScriptedServer server(answers(file_answer("classes", with_length(R"({"classes":[]})"))));
  server.set_metadata(
      metadata(file("photo", "bytes") + "," + file("boxes", "boxes") +
                   R"(,{"name":"scale","datatype":"FP32","shape":[2],"parameters":{"payload":"tensor"}})",
               kClasses));
  server.set_max_batch(0);
  const auto pipeline = connect_any(server.address()).value();
  ASSERT_EQ(pipeline.inputs().size(), 3u);
  EXPECT_EQ(pipeline.inputs()[1].name, "boxes");
  std::vector<Payload> parts;
  parts.push_back(Payload::from(Bytes("abc")));
  parts.push_back(Payload::from(Boxes(std::vector<Box>{})));
  parts.push_back(Payload::from(Tensor::zeros(DType::kF32, {2}).value()));
  EXPECT_THAT(pipeline.run(pipeline.join(std::move(parts)).value()), IsOk());
  EXPECT_EQ(parts_of(server.last_infer()).second,
            with_length("abc") + with_length(R"({"boxes":[]})") + std::string(8, '\0'));
  using In = std::tuple<Bytes, Boxes, Tensor>;
  const auto typed = connect_to<In, Classes>(server.address()).value();
  EXPECT_THAT(typed.run(In{Bytes("abc"), Boxes(std::vector<Box>{}), Tensor::zeros(DType::kF32, {2}).value()}), IsOk());
  EXPECT_THAT(typed.run(In{Bytes("abc"), Boxes(std::vector<Box>{}), Tensor::zeros(DType::kF32, {3}).value()}),
              FailsWith(ErrorCode::kInvalidArgument, "scale"));
}

TEST_F(RemotePayloads, NamesThePayloadThatCannotCross) {
  ScriptedServer server;
  const struct {
    std::string input, output;
    ErrorCode code;
    const char* text;
  } cases[] = {
      {kPhoto, file("image", "image"), ErrorCode::kUnsupported, "Image cannot be received: its codec reads no JSON"},
      {kPhoto, file("list", "list<image>"), ErrorCode::kUnsupported, "Image cannot be received"},
      {kPhoto, file("bytes", "bytes"), ErrorCode::kUnsupported, "Bytes cannot be received"},
      {kPhoto, file("mood", "mood"), ErrorCode::kUnsupported, "'mood': no codec is named 'mood' (PipelineOptions"},
      {file("input", "list<bytes>"), kClasses, ErrorCode::kUnsupported, "Bytes cannot be sent"},
      {kPhoto, file("classes", ""), ErrorCode::kFailedPrecondition, "does not say which payload it is"},
      {kPhoto, kClasses + "," + kY, ErrorCode::kUnsupported, "a pipeline has one output"},
      {R"({"name":"x","datatype":"UINT64","shape":[-1]})", kClasses, ErrorCode::kUnsupported, "UINT64"},
  };
  for (const auto& one : cases) {
    server.set_metadata(metadata(one.input, one.output));
    EXPECT_THAT(connect_any(server.address()), FailsWith(one.code, one.text)) << one.text;
  }
  EXPECT_THAT(connect_any("ftp://x"), FailsWith(ErrorCode::kInvalidArgument, "expected http"));
}

TEST_F(RemotePayloads, RefusesAnswersThatLie) {
  const struct {
    std::string answer;
    const char* text;
  } cases[] = {
      {file_answer("classes", with_length("{}")), "expected Classes, which is {\"classes\": ...}, got {}"},
      {file_answer("classes", with_length(R"({"classes":[{"index":"a"}]})")), "[0].index: expected an integer"},
      {file_answer("classes", with_length("{")), "JSON"},
      {file_answer("classes", with_length(R"({"boxes":[]})")), "expected Classes"},
      {file_answer("classes", with_length("{}").substr(0, 3)), "binary_data_size is 3"},
      {file_answer("classes", with_length("{}") + "{}"), "its element has 2 bytes, binary_data_size is 8"},
      {file_answer("classes", with_length("{}"), "[2]"), "expected BYTES[1], got BYTES[2]"},
      {answer_of(
           R"({"outputs":[{"name":"classes","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":0}}]})"),
       "expected BYTES[1], got FP32[1]"},
  };
  for (const auto& one : cases) {
    ScriptedServer server(answers(one.answer));
    server.set_metadata(metadata(kPhoto, kClasses));
    const auto pipeline = connect_to<Bytes, Classes>(server.address()).value();
    EXPECT_THAT(pipeline.run(Bytes("x")), FailsWith(ErrorCode::kModelError, one.text)) << one.text;
    EXPECT_EQ(server.infers(), 1) << one.text;
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
