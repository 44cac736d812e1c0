package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.driver.FakeLibraries;
import org.drag4j.kernels.cuda.driver.Library;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plans through every provider, with libraries and a driver in Java, against the CPU device. */
class CudaLibraryPlanTest {
  private static final long STAGING = 1 << 16;

  /** A network under construction; its weights are normal numbers. */
  private static final class Net {
    private final Graph graph = new Graph(Hook.NONE);
    private final NormalWeights weights = new NormalWeights(0.5f);
    private final Map<String, float[]> inputs = new LinkedHashMap<>();

    Value x(String name, int... dims) {
      var v = graph.input(name, Shape.of(dims), DType.F32);
      inputs.put(name, NormalWeights.normal(Math.toIntExact(v.shape().size()), 11 + inputs.size()));
      return v;
    }

    Value w(String name, int... dims) {
      weights.put(name, dims);
      return graph.weight(Param.of(name, Shape.of(dims)));
    }

    Value node(Op op, Value... in) {
      return graph.node(op, "net." + op.label(), in);
    }

    Value linear(Value x, int n) {
      return node(new Op.Linear(true), x, w("w" + n, n, x.shape().dim(-1)), w("b" + n, n));
    }

    Value conv(Value x, int out, int before) {
      int in = x.shape().dim(-1);
      weights.put("f" + out, out, in, 3, 3);
      var filter = graph.weight(Param.filter("f" + out, out, 3, 3, in));
      return node(new Op.Conv2d(1, before, 1, true), x, filter, w("c" + out, out));
    }

    Value attention(int heads, int dim, int queries, int keys, boolean causal) {
      return node(
          new Op.Attention(heads, causal),
          x("q", 2, queries, heads * dim),
          x("k", 2, keys, heads * dim),
          x("v", 2, keys, heads * dim));
    }
  }

  /** A device whose libraries are in Java. */
  private static final class Machine implements Libraries {
    private final FakeCudaDriver driver = ShimCuda.driver();
    private final FakeLibraries fakes = new FakeLibraries(driver);
    private final Map<Provider, FakeLibraries.Started> started = new EnumMap<>(Provider.class);
    private final Set<Provider> absent;

    Machine(Provider... absent) {
      this.absent = Set.of(absent);
    }

    @Override
    public Optional<String> missing(Provider provider) {
      return absent.contains(provider) ? Optional.of("its file is not here") : Optional.empty();
    }

    @Override
    public Library open(Provider provider) {
      return switch (provider) {
        case CUBLASLT -> kept(provider, fakes.new Matmul("cublaslt", true));
        case JCUBLAS -> kept(provider, fakes.new Matmul("jcublas", false));
        case CUDNN -> kept(provider, fakes.new Both("cudnn"));
        case JCUDNN -> kept(provider, fakes.new Convolution("jcudnn", false));
      };
    }

    private <T extends FakeLibraries.Started> T kept(Provider provider, T fake) {
      started.put(provider, fake);
      return fake;
    }

    CudaBackend device(DType type) {
      return CudaBackend.open(driver, 0, STAGING, type, ShimCuda::names, this);
    }

    void gone() {
      assertEquals(List.of(), driver.leaks());
      assertEquals(0, fakes.open());
    }
  }

  private record Result(List<float[]> outputs, List<String> steps) {
    float[] y() {
      return outputs.getFirst();
    }
  }

  /** Plans by what the user names, {@code linear=cublaslt}, and nothing else. */
  private static PlanOptions forced(String... named) {
    var kernels = new LinkedHashMap<String, String>();
    for (var one : named) {
      kernels.put(one.replaceAll("=.*", ""), one.replaceAll(".*=", ""));
    }
    return PlanOptions.of(new KernelOptions(false, kernels));
  }

  private static Result run(Backend backend, Net net, String... named) {
    try (var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, forced(named))) {
      net.inputs.forEach((name, x) -> plan.tensor(name).write(x));
      plan.run(Trace.OFF);
      plan.run(Trace.OFF);
      var names = CudaSelectTest.kernels(plan);
      return new Result(List.of(plan.tensor("y").read()), names);
    }
  }

  private static double deviation(float[] expected, float[] got) {
    assertEquals(expected.length, got.length);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow((double) got[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(error / norm);
  }

  /** Runs a network with these providers named; steps {@code *} stand for the format. */
  private static void check(
      DType type, List<String> named, Function<Net, Value> make, String... steps) {
    var net = new Net();
    make.apply(net).output("y");
    var machine = new Machine();
    Result got;
    try (var backend = machine.device(type)) {
      got = run(backend, net, named.toArray(String[]::new));
    }
    machine.gone();
    var format = type == DType.F16 ? "f16" : "f32";
    var expected = new ArrayList<String>();
    for (var step : steps) {
      expected.add(step.replace("*", format));
    }
    assertEquals(expected, got.steps());
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      double d = deviation(run(cpu, net).y(), got.y());
      assertTrue(d <= (type == DType.F16 ? 4e-3 : 1e-5), () -> steps[0] + ": relative L2 " + d);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void productsWithWhatTheLibraryAdds(DType type) {
    var lt = List.of("linear=cublaslt");
    check(type, lt, n -> n.linear(n.x("x", 2, 5, 24), 16), "linear_*_cublaslt_fake");
    check(
        type,
        lt,
        n -> n.node(new Op.Linear(false), n.x("x", 3, 21), n.w("w", 17, 21)),
        "linear_*_cublaslt_fake");
    check(
        type,
        lt,
        n -> n.linear(n.x("x", 2, 5, 24), 16).plus(n.x("r", 2, 5, 16)),
        "linear_*_cublaslt_fake");
    check(
        type,
        lt,
        n ->
            n.linear(n.x("x", 2, 5, 24), 16)
                .plus(n.x("t", 1, 1, 16))
                .plus(n.x("r", 2, 5, 16))
                .plus(n.w("late", 16)),
        "linear_*_cublaslt_fake",
        "binary_*_vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void whatALibraryDoesNotAddIsAddedAfterIt(DType type) {
    Function<Net, Value> product =
        n -> n.linear(n.x("x", 2, 5, 24), 16).plus(n.x("t", 16)).plus(n.x("r", 2, 5, 16));
    check(type, List.of("linear=jcublas"), product, "linear_*_jcublas_fake+binary");
    Function<Net, Value> picture =
        n -> n.conv(n.x("x", 2, 5, 4, 8), 16, 1).plus(n.x("t", 16)).plus(n.x("r", 2, 5, 4, 16));
    check(type, List.of("conv2d=jcudnn"), picture, "conv2d_*_jcudnn_fake+binary");
    check(type, List.of("conv2d=cudnn"), picture, "conv2d_*_cudnn_fake");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void aFusionThatALibraryHasNotIsSplit(DType type) {
    check(
        type,
        List.of("linear=cublaslt"),
        n -> n.linear(n.x("x", 2, 5, 24), 16).gelu().plus(n.x("r", 2, 5, 16)),
        "linear_*_cublaslt_fake",
        "unary_*_vec8",
        "binary_*_vec8");
    check(
        type,
        List.of("conv2d=cudnn"),
        n -> n.conv(n.x("x", 2, 5, 4, 8), 16, 1).plus(n.x("t", 2, 1, 1, 16)).silu(),
        "conv2d_*_cudnn_fake",
        "binary_*_vec8",
        "unary_*_vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void attention(DType type) {
    check(
        type,
        List.of("attention=cudnn"),
        n -> n.attention(3, 40, 9, 13, false),
        "attention_*_cudnn_fake");
  }

  @Test
  void byRuleLibrariesTakeWideProductsOfHalves() {
    Function<Net, Value> net =
        n -> {
          var y = n.conv(n.x("x", 1, 4, 6, 8), 16, 1).reshape(1, 24, 16);
          var attended = n.node(new Op.Attention(2, false), y, y, y);
          return n.linear(n.linear(attended, 24), 12);
        };
    check(
        DType.F16,
        List.of(),
        net,
        "conv2d_*_cudnn_fake",
        "attention_*_flash",
        "linear_*_cublaslt_fake",
        "linear_*_mma");
    check(
        DType.F32,
        List.of(),
        net,
        "conv2d_*_fma",
        "attention_*_flash",
        "linear_*_fma",
        "linear_*_fma");
    check(
        DType.F16,
        List.of("linear=mma", "conv2d=mma"),
        net,
        "conv2d_*_mma",
        "attention_*_flash",
        "linear_*_mma",
        "linear_*_mma");
  }

  @Test
  void withoutALibraryTheRuleLeavesEverythingToOurOwnKernels() {
    var net = new Net();
    net.linear(net.x("x", 2, 5, 24), 16).output("y");
    var machine = new Machine(Provider.CUBLASLT, Provider.CUDNN);
    try (var backend = machine.device(DType.F16)) {
      assertEquals(List.of("linear_f16_mma"), run(backend, net).steps());
    }
    assertEquals(List.of(), machine.fakes.log());
    machine.gone();
  }

  private static String failure(Machine machine, String... named) {
    String message;
    try (var backend = machine.device(DType.F16)) {
      var options = forced(named).kernels();
      message =
          String.valueOf(
              assertThrows(DeviceException.class, () -> backend.check(options)).getMessage());
    }
    machine.gone();
    return message;
  }

  @Test
  void aNamedProviderThatCannotBeHadIsAnError() {
    assertEquals(
        "cuda:0: --kernel linear=cublaslt: expected it to be available: its file is not here",
        failure(new Machine(Provider.CUBLASLT), "linear=cublaslt"));
    assertEquals(
        "cuda:0: --kernel linear=cudnn: expected one of mma, fma, cublaslt, jcublas, got cudnn",
        failure(new Machine(), "linear=cudnn"));
    assertEquals(
        "cuda:0: --kernel softmax=cudnn: expected one of "
            + String.join(", ", Op.labels())
            + ", got softmax",
        failure(new Machine(), "softmax=cudnn"));
  }

  private static String refusal(Net net, String named) {
    var machine = new Machine();
    String message;
    try (var backend = machine.device(DType.F16);
        var weights = backend.weights(net.weights)) {
      var e =
          assertThrows(
              UnsupportedOpException.class,
              () -> Plan.compile(net.graph, backend, weights, forced(named)));
      message = String.valueOf(e.getMessage());
    }
    machine.gone();
    return message;
  }

  @Test
  void aNamedProviderThatCannotDoAShapeIsAnErrorWithItsReason() {
    var attention = new Net();
    attention.attention(2, 40, 6, 6, true).output("y");
    assertEquals(
        "cuda:0 has no kernel for:\n"
            + "  cuda:0: --kernel attention=cudnn: expected net.attention (attention of [2, 6,"
            + " 80] [2, 6, 80] [2, 6, 80] to [2, 6, 80]) to be possible, but it is not causal; use"
            + " --kernel attention=flash",
        refusal(attention, "attention=cudnn"));
    var product = new Net();
    product.linear(product.x("x", 3, 13), 8).silu().output("y");
    assertEquals(
        "cuda:0 has no kernel for:\n"
            + "  cuda:0: --kernel linear=cublaslt: expected net.linear (linear of [3, 13] [8, 13]"
            + " [8] to [3, 8]) to be possible, but 13 is too unlucky; use --kernel linear=mma",
        refusal(product, "linear=cublaslt"));
    var picture = new Net();
    picture.conv(picture.x("x", 1, 4, 4, 8), 8, 0).output("y");
    assertTrue(refusal(picture, "conv2d=jcudnn").contains("but it pads evenly; use"));
  }

  @Test
  void equalShapesArePreparedOnceAndClosedBeforeTheirLibrary() {
    var net = new Net();
    var x = net.x("x", 4, 16);
    net.linear(net.linear(x, 16), 16).output("y");
    var machine = new Machine();
    try (var backend = machine.device(DType.F16)) {
      var first = run(backend, net, "linear=cublaslt");
      assertEquals(0, deviation(first.y(), run(backend, net, "linear=cublaslt").y()));
    }
    assertEquals(
        List.of(
            "open cublaslt",
            "open operation of cublaslt",
            "close operation of cublaslt",
            "close cublaslt"),
        machine.fakes.log());
    machine.gone();
  }

  @Test
  void aRecordingHoldsWhatLibrariesDo() {
    var net = new Net();
    net.linear(net.x("x", 4, 16), 8).plus(net.x("r", 4, 8)).output("y");
    var machine = new Machine();
    try (var backend = machine.device(DType.F16);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, forced("linear=cublaslt"))) {
      net.inputs.forEach((name, values) -> plan.tensor(name).write(values));
      plan.run(Trace.OFF);
      var before = plan.tensor("y").read();
      var graph = backend.record(() -> plan.steps().forEach(s -> s.launch().enqueue()));
      plan.tensor("x").write(NormalWeights.normal(64, 99));
      graph.launch();
      var replayed = plan.tensor("y").read();
      plan.run(Trace.OFF);
      assertEquals(0, deviation(plan.tensor("y").read(), replayed));
      assertTrue(deviation(before, replayed) > 0.1);
    }
    machine.gone();
  }

  /** A block of a network: both libraries by the rule, our own kernels between them. */
  private static void block(Net net) {
    var y = net.conv(net.x("x", 1, 4, 6, 8), 16, 1).silu().reshape(1, 24, 16);
    var attended = net.node(new Op.Attention(2, false), y, y, y);
    net.linear(net.linear(attended, 24).gelu(), 16).plus(y).output("y");
  }

  private static List<String> since(Machine machine, String first) {
    var calls = machine.driver.calls();
    return List.copyOf(calls.subList(calls.lastIndexOf(first), calls.size()));
  }

  @Test
  void aPlansRecordingHasLibrariesAndKernelsInTheirOrderAndNothingElse() {
    var net = new Net();
    block(net);
    var machine = new Machine();
    try (var backend = machine.device(DType.F16);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT)) {
      net.inputs.forEach((name, values) -> plan.tensor(name).write(values));
      machine.driver.calls().clear();
      plan.run(Trace.OFF);
      var expected = new ArrayList<String>();
      expected.add("beginCapture");
      for (var step : plan.steps()) {
        var library = step.kernel().name().replaceAll("(linear|conv2d)_f16_(.*)_fake", "$2");
        boolean own = library.equals(step.kernel().name());
        expected.add(own ? "launch" : library);
      }
      expected.addAll(List.of("endCapture", "instantiate", "destroyGraph"));
      expected.add("synchronize"); // A run ends with its results.
      assertEquals(expected, since(machine, "beginCapture"));
      assertEquals(2, Collections.frequency(expected, "cublaslt"));
      assertEquals(1, Collections.frequency(expected, "cudnn"));
      // Plans' ends are of F32.
      for (var end : List.of(plan.steps().getFirst(), plan.steps().getLast())) {
        assertEquals("cast", end.node().op().label());
      }
      var once = plan.tensor("y").read();

      // What others had in the scratch memory meanwhile must not matter.
      plan.tensor("x").write(NormalWeights.normal(4 * 6 * 8, 99));
      machine.driver.calls().clear();
      plan.run(Trace.OFF);
      assertEquals(List.of("launchGraph", "synchronize"), machine.driver.calls());
      var replayed = plan.tensor("y").read();
      assertTrue(deviation(once, replayed) > 0.1);
      plan.steps().forEach(s -> s.launch().enqueue());
      assertEquals(0, deviation(plan.tensor("y").read(), replayed));
    }
    machine.gone();
  }

  @Test
  void aLibraryThatWaitsOrAllocatesCannotBeRecordedAndThePlanGoesOnWithout() {
    for (var forbidden : List.of("synchronize", "allocate")) {
      var net = new Net();
      net.linear(net.x("x", 4, 16), 8).output("y");
      var machine = new Machine();
      try (var backend = machine.device(DType.F16);
          var weights = backend.weights(net.weights);
          var plan = Plan.compile(net.graph, backend, weights, forced("linear=cublaslt"))) {
        net.inputs.forEach((name, values) -> plan.tensor(name).write(values));
        var library = Optional.ofNullable(machine.started.get(Provider.CUBLASLT)).orElseThrow();
        library.does(forbidden);
        plan.run(Trace.OFF);
        var first = plan.tensor("y").read();
        assertTrue(
            backend.warnings().getFirst().contains("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"),
            backend.warnings().toString());
        machine.driver.calls().clear();
        plan.run(Trace.OFF);
        assertEquals(0, deviation(plan.tensor("y").read(), first));
        assertEquals(0, Collections.frequency(machine.driver.calls(), "beginCapture"));
      }
      machine.gone();
    }
  }

  @Test
  void aRecordingIsGoneBeforeWhatItCalls() {
    var net = new Net();
    block(net);
    var machine = new Machine();
    var backend = machine.device(DType.F16);
    var weights = backend.weights(net.weights);
    var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT);
    net.inputs.forEach((name, values) -> plan.tensor(name).write(values));
    plan.run(Trace.OFF);
    plan.run(Trace.OFF);
    machine.driver.calls().clear();
    // A device that is closed under a plan, as after a failure.
    backend.close();
    var calls = machine.driver.calls();
    assertTrue(calls.indexOf("destroyExecutable") >= 0, calls.toString());
    assertTrue(calls.indexOf("destroyExecutable") < calls.indexOf("freeAsync"), calls.toString());
    assertEquals(
        List.of("close cublaslt", "close cudnn"),
        machine.fakes.log().stream().filter(l -> l.startsWith("close c")).toList());
    machine.gone();
  }

  @Test
  void failuresOfLibrariesAreToldAndEverythingIsGivenBack() {
    var net = new Net();
    net.linear(net.x("x", 4, 16), 8).output("y");
    var machine = new Machine();
    var backend = machine.device(DType.F16);
    try (var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, forced("linear=cublaslt"))) {
      Optional.ofNullable(machine.started.get(Provider.CUBLASLT)).orElseThrow().fail();
      var e = assertThrows(DeviceException.class, () -> plan.run(Trace.OFF));
      assertEquals("cublaslt: execution failed", e.getMessage());
    }
    var e = assertThrows(DeviceException.class, backend::close);
    assertEquals("cublaslt: destruction failed", e.getMessage());
    machine.gone();
  }

  @Test
  void tensorsThatLieUnevenlyAreRefusedWithAReason() {
    var net = new Net();
    net.linear(net.x("x", 5, 16), 8).output("y");
    var machine = new Machine();
    try (var backend = machine.device(DType.F32);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, forced("linear=cublaslt"))) {
      var x = backend.allocate(1024, "x");
      var y = backend.allocate(1024, "y");
      plan.bind("x", new Tensor(x, 4, Shape.of(5, 16), DType.F32));
      plan.bind("y", new Tensor(y, 0, Shape.of(5, 8), DType.F32));
      var e = assertThrows(DeviceException.class, () -> plan.run(Trace.OFF));
      assertTrue(String.valueOf(e.getMessage()).contains("multiples of 16 bytes for cublaslt"));
      x.close();
      y.close();
    }
    machine.gone();
  }
}
