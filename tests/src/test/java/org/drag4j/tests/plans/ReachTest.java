package org.drag4j.tests.plans;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Site;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.RecordedCuda;
import org.drag4j.kernels.opencl.RecordedOpenCl;
import org.drag4j.pipeline.RandomModel.Like;
import org.drag4j.pipeline.RequiredTensors;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.OpCases;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.junit.jupiter.api.Test;

/**
 * No kernel without a caller: which kernels no graph reaches, and which of their arguments no two
 * launches pass different values for. The graphs are the conformance cases and the networks of
 * Stable Diffusion, for CUDA at full size, in all forms in which the engine compiles them; what is
 * not reached is listed in a file, a line each, which may only shrink.
 */
class ReachTest {
  private static final PlanOptions PLAIN = new PlanOptions(KernelOptions.DEFAULT, Set.of("all"));

  /** As large as the largest tensor of a network in F32. */
  private static final MemorySegment ZEROS = Arena.global().allocate(320L << 20, 64);

  /** Of latents: of a picture of 512 pixels, and of one that is soon computed. */
  private static final int FULL = 64;

  private static final int SMALL = 16;

  private static final Map<Graph, Value[]> WEIGHTS_OF_BLENDS = new HashMap<>();

  /** A graph, and the checkpoint it is of. */
  private record Network(WeightSource weights, List<Graph> graphs) {}

  @Test
  void everyCudaKernelAndArgumentIsReachedByAGraphOrListed() throws IOException {
    var recorded = new RecordedCuda();
    for (var type : List.of(DType.F32, DType.F16)) {
      for (boolean libraries : new boolean[] {false, true}) {
        try (var backend = recorded.open(type, libraries)) {
          cases(backend);
          if (!libraries) {
            for (var network : networks(FULL)) {
              run(backend, network, List.of(PlanOptions.DEFAULT, PLAIN));
            }
          }
        }
      }
    }
    check("cuda", recorded.unreached());
  }

  /** By small pictures: the weights and all that is bound are in real memory. */
  @Test
  void everyOpenClKernelAndArgumentIsReachedByAGraphOrListed() throws IOException {
    var recorded = new RecordedOpenCl();
    for (var type : List.of(DType.F32, DType.F16)) {
      for (boolean cpu : new boolean[] {false, true}) {
        try (var backend = recorded.open(type, cpu)) {
          cases(backend);
          for (var network : networks(SMALL)) {
            run(backend, network, List.of(PlanOptions.DEFAULT, PLAIN));
          }
        }
      }
    }
    check("opencl", recorded.unreached());
  }

  @Test
  void aLineTooManyOrTooFewFails() {
    var unreached = Set.of("a", "a.b");
    compare("a list", List.of("a", "a.b"), unreached);
    fails("give them a caller", List.of("a"), unreached);
    fails("take their lines out", List.of("a", "a.b", "a.c"), unreached);
    fails("sorted", List.of("a.b", "a"), unreached);
  }

  private static void fails(String why, List<String> listed, Set<String> unreached) {
    var e = assertThrows(AssertionError.class, () -> compare("a list", listed, unreached));
    assertTrue(String.valueOf(e.getMessage()).contains(why), e::toString);
  }

  private static void check(String device, Set<String> unreached) throws IOException {
    var file = "unreached-" + device + ".txt";
    try (var in = ReachTest.class.getResourceAsStream(file)) {
      assertTrue(in != null, file);
      compare(
          file, new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList(), unreached);
    }
  }

  private static void compare(String file, List<String> listed, Set<String> unreached) {
    assertEquals(List.copyOf(new TreeSet<>(listed)), listed, file + ": expected sorted lines");
    var forgotten = new TreeSet<>(unreached);
    listed.forEach(forgotten::remove);
    var reached = new TreeSet<>(listed);
    reached.removeAll(unreached);
    assertEquals(
        Set.of(), forgotten, "no graph reaches these: give them a caller, or take them out");
    assertEquals(Set.of(), reached, "a graph reaches these: take their lines out of " + file);
  }

  private static void cases(Backend backend) {
    for (var c : OpCases.all()) {
      var built = c.build();
      var graph = built.graph();
      run(backend, new Network(built.weights(), List.of(graph)), options(backend, graph));
    }
  }

  private static void run(Backend backend, Network network, List<PlanOptions> all) {
    try (var weights = backend.weights(network.weights())) {
      for (var graph : network.graphs()) {
        for (var options : all) {
          run(backend, weights, graph, options);
        }
      }
    }
  }

  /**
   * As by default, without any fusion, and by each kernel of our own that is not chosen: of the
   * case's operations, and of casts, which compilation adds.
   */
  private static List<PlanOptions> options(Backend backend, Graph graph) {
    var exact = PlanOptions.of(new KernelOptions(true, Map.of()));
    var all = new ArrayList<>(List.of(PlanOptions.DEFAULT, PLAIN, exact));
    var ops = graph.live().stream().map(v -> v.op().label()).collect(Collectors.toSet());
    backend
        .kernels()
        .forEach((op, names) -> {
          if (names.size() > 1 && (ops.contains(op) || op.equals("cast"))) {
            names.forEach(
                name -> all.add(PlanOptions.of(new KernelOptions(false, Map.of(op, name)))));
          }
        });
    return all;
  }

  private static void run(
      Backend backend, DeviceWeights weights, Graph graph, PlanOptions options) {
    try (var plan = Plan.compile(graph, backend, weights, options)) {
      for (int first : new int[] {0, 1}) {
        bind(backend, plan, first);
        plan.run(Trace.OFF);
      }
    } catch (UnsupportedOpException e) {
      // A case need not be possible on every device, nor by every candidate.
      assertTrue(!options.equals(PlanOptions.DEFAULT) || graph.live().size() < 50, e::toString);
    }
  }

  /** Gives a plan what it does not own; of banks samples from the first or the second on. */
  private static void bind(Backend backend, Plan plan, int first) {
    for (var name : plan.names()) {
      var port = plan.value(name);
      boolean bank = name.contains("#");
      if (bank || name.contains("@")) {
        var shape = bank ? port.shape().with(0, port.shape().dim(0) + 1) : port.shape();
        var memory = backend.allocate(shape.size() * port.dtype().bytes(), "a port");
        var tensor = new Tensor(memory, 0, shape, port.dtype());
        if (bank) {
          plan.bindBanks(Map.of(name, tensor), first);
        } else {
          plan.bind(name, tensor);
        }
      }
    }
  }

  private static List<Network> networks(int side) throws IOException {
    var all = new ArrayList<Network>();
    all.add(unet(Like.SD15, side, 768));
    all.add(
        new Network(
            new Outline(Map.of()), List.of(attention(side, 77), attention(side, 144 * side))));
    var vae = Like.SD15.config("vae");
    var tensors = new Outline(RequiredTensors.autoencoder(vae));
    var autoencoder = AutoencoderKL.load(Weights.of(tensors), vae);
    var decoder = new Graph(Hook.NONE);
    autoencoder.decode(decoder.input("z", Shape.of(1, side, side, 4), DType.F32)).output("x");
    var encoder = new Graph(Hook.NONE);
    autoencoder
        .encode(encoder.input("x", Shape.of(1, 8 * side, 8 * side, 3), DType.F32))
        .output("z");
    all.add(new Network(tensors, List.of(decoder, encoder)));
    var clip = Like.SD15.config("text_encoder");
    var words = new Outline(RequiredTensors.textEncoder(clip));
    var text = new Graph(Hook.NONE);
    ClipTextModel.load(Weights.of(words), clip)
        .forward(text.input("ids", Shape.of(1, 77), DType.I32))
        .last()
        .output("y");
    all.add(new Network(words, List.of(text)));
    return all;
  }

  /** One of SD 2.1's at 768x768: heads of 64, which SD 1.5 has in its text encoder alone. */
  private static Graph attention(int side, int keys) {
    var graph = new Graph(Hook.NONE);
    var q = graph.input("q", Shape.of(1, 144 * side, 320), DType.F32);
    var k = graph.input("k", Shape.of(1, keys, 320), DType.F32);
    var v = graph.input("v", Shape.of(1, keys, 320), DType.F32);
    graph.node(new Op.Attention(5, false), "attention", q, k, v).output("y");
    return graph;
  }

  private static Network unet(Like like, int side, int width) throws IOException {
    var config = like.config("unet");
    var tensors = new Outline(RequiredTensors.unet(config));
    var unet = UNet2DConditionModel.load(Weights.of(tensors), config);
    var graphs = new ArrayList<Graph>();
    // An original, its edit with guidance, and what is edited beside its original with guidance.
    var hooks =
        Map.of(
            1,
            List.of(Hook.NONE, Hook.capture(Site::isSelfKeyOrValue)),
            2,
            List.of(Hook.inject(Site::isSelfKeyOrValue), blended()),
            4,
            List.of(Hook.NONE));
    for (int batch : new TreeSet<>(hooks.keySet())) {
      for (var hook : hooks.getOrDefault(batch, List.of())) {
        // Of another side than the first, so that sizes that do not halve evenly are among them.
        var graph = graph(unet, batch, side - batch + 1, side, width, hook);
        var halves = Hoisted.of(graph, Set.of("context")).orElseThrow();
        if (graphs.isEmpty()) {
          graphs.add(graph); // All others as an edit runs them: in halves.
        }
        graphs.add(halves.once());
        graphs.add(halves.rest());
      }
    }
    return new Network(tensors, graphs);
  }

  /** Own keys and values mixed with injected ones; a hook for one graph after the other. */
  private static Hook blended() {
    return (site, v) -> {
      var graph = v.graph();
      var weights =
          WEIGHTS_OF_BLENDS.computeIfAbsent(
              graph,
              g ->
                  new Value[] {
                    g.input("own", Shape.of(1), DType.F32),
                    g.input("injected", Shape.of(1), DType.F32)
                  });
      return Hook.blend(Site::isSelfKeyOrValue, weights[0], weights[1]).at(site, v);
    };
  }

  private static Graph graph(
      UNet2DConditionModel unet, int batch, int height, int side, int width, Hook hook) {
    var graph = new Graph(hook);
    unet.forward(
            graph.input("sample", Shape.of(batch, height, side, 4), DType.F32),
            graph.input("timestep", Shape.of(batch), DType.F32),
            graph.input("context", Shape.of(batch, 77, width), DType.F32))
        .output("out");
    return graph;
  }

  /** Names and shapes; all numbers are zero. */
  private record Outline(Map<String, Entry> entries) implements WeightSource {
    @Override
    public String origin() {
      return "outline";
    }

    @Override
    public Set<String> names() {
      return entries.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(entries.get(name));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      var entry = entry(name).orElseThrow();
      return ZEROS.asSlice(0, entry.shape().size() * entry.dtype().bytes());
    }
  }
}
