package org.drag4j.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.Replay;
import org.drag4j.device.Slot;
import org.drag4j.device.Step;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Cost;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;

/**
 * A graph compiled for a device: kernels chosen, memory laid out in one slab. It is run many times;
 * a run allocates nothing.
 */
public final class Plan implements AutoCloseable {
  private final Backend backend;
  private final List<Step> steps;
  private final DeviceMemory slab;
  private final SequencedMap<String, Place> places;
  private final Set<String> unbound;
  private final Tensor sample;
  private final Replay replay;
  private int first;

  /** The value and the slot of a named input or output. */
  private record Place(Value value, Slot slot) {
    int samples() {
      return value.shape().dim(0);
    }
  }

  private Plan(
      Backend backend,
      List<Step> steps,
      DeviceMemory slab,
      SequencedMap<String, Place> places,
      Set<String> unbound,
      Tensor sample) {
    this.backend = backend;
    this.steps = steps;
    this.slab = slab;
    this.places = places;
    this.unbound = unbound;
    this.sample = sample;
    replay = backend.replay(steps.stream().map(Step::launch).toList());
  }

  /**
   * Compiles what the graph's outputs need.
   *
   * @throws UnsupportedOpException listing every node the device has no kernel for
   * @throws org.drag4j.device.DeviceException where the options force a kernel that the device does
   *     not have
   * @throws org.drag4j.device.DeviceMemoryException where the slab does not fit
   */
  public static Plan compile(
      Graph graph, Backend backend, DeviceWeights weights, PlanOptions options) {
    return new Compiler(rewritten(graph, backend, options), backend, options).compile(weights);
  }

  /**
   * Bytes of the slab that a plan of this graph would have; nothing is allocated.
   *
   * @throws UnsupportedOpException listing every node the device has no kernel for
   */
  public static long slabBytes(Graph graph, Backend backend, PlanOptions options) {
    return new Compiler(rewritten(graph, backend, options), backend, options).slabBytes();
  }

  /** The values that a plan of this graph would store or compute; nothing is allocated. */
  public static List<Value> nodes(Graph graph, Backend backend, PlanOptions options) {
    return rewritten(graph, backend, options).live();
  }

  private static Graph rewritten(Graph graph, Backend backend, PlanOptions options) {
    backend.check(options.kernels());
    var stored = StoredTypes.of(graph, backend.activations());
    return Fusion.apply(
        stored, options.fusionsOff(), v -> backend.select(v, options.kernels()).isPresent());
  }

  /** The steps, in the order in which they run. */
  public List<Step> steps() {
    return steps;
  }

  /** Bytes of the slab that holds activations and scratch memory. */
  public long slabBytes() {
    return slab.byteSize();
  }

  /** Sum of the least costs of all steps. */
  public Cost cost() {
    return steps.stream().map(Step::cost).reduce(Cost.ZERO, Cost::plus);
  }

  /** Names of the inputs and outputs. */
  public Set<String> names() {
    return places.sequencedKeySet();
  }

  /**
   * The tensor an input is read from or an output is written to.
   *
   * @throws IllegalArgumentException where there is none of that name, or it is not bound yet
   */
  public Tensor tensor(String name) {
    var place = place(name);
    if (unbound.contains(name)) {
      throw new IllegalArgumentException(name + ": expected to be bound before use, got no tensor");
    }
    var at = place.slot().tensor();
    return new Tensor(at.memory(), at.offset(), place.value().shape(), place.value().dtype());
  }

  /** The value an input or output stands for, of the type in which the device stores it. */
  public Value value(String name) {
    return place(name).value();
  }

  /**
   * Makes the next runs read an input from, or write an output to, another tensor of the device.
   *
   * @throws IllegalArgumentException where name, shape, type or device do not fit
   */
  public void bind(String name, Tensor tensor) {
    var place = place(name);
    check(name, place, tensor, tensor.shape().equals(place.value().shape()));
    place.slot().rebind(tensor);
    unbound.remove(name);
  }

  /**
   * Makes the next runs read inputs from, and write outputs to, samples of banks.
   *
   * @param banks by name of an input or output; each of its shape, with any number of samples
   * @param from the first sample of a run, in these banks and in those bound before
   * @throws IllegalArgumentException where a name, shape, type or device does not fit, or a bank
   *     ends before a run's last sample
   */
  public void bindBanks(Map<String, Tensor> banks, int from) {
    var turns = new LinkedHashMap<String, Slot.Bank>();
    places.forEach((name, place) -> {
      var bank = place.slot().bank();
      if (bank != null) {
        turns.put(name, bank);
      }
    });
    banks.forEach((name, all) -> {
      check(name, place(name), all, isBank(name, all));
      turns.put(name, new Slot.Bank(all, sample));
    });
    turns.forEach((name, bank) -> checkSamples(name, bank.all(), from));
    if (from != first) {
      sample.write(new int[] {from});
      first = from;
    }
    turns.forEach((name, bank) -> {
      var place = place(name);
      place.slot().rebind(bank, from, place.samples());
      unbound.remove(name);
    });
  }

  private boolean isBank(String name, Tensor all) {
    var value = place(name).value();
    var shape = value.shape();
    return value.graph().port(name) == Port.BANK
        && shape.rank() > 0
        && all.shape().rank() == shape.rank()
        && all.shape().equals(shape.with(0, all.shape().dim(0)));
  }

  private void checkSamples(String name, Tensor all, int from) {
    int samples = place(name).samples();
    if (from < 0 || from > all.shape().dim(0) - samples) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + samples
              + " samples from "
              + from
              + " on, got a bank of "
              + all.shape().dim(0));
    }
  }

  private void check(String name, Place place, Tensor tensor, boolean fits) {
    var value = place.value();
    if (!fits
        || tensor.dtype() != value.dtype()
        || !tensor.memory().device().equals(backend.device())) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + value.shape()
              + " "
              + value.dtype()
              + " on "
              + backend.device()
              + ", got "
              + tensor.shape()
              + " "
              + tensor.dtype()
              + " on "
              + tensor.memory().device());
    }
  }

  /**
   * Computes the outputs from the inputs.
   *
   * @throws IllegalStateException where an input or output was never bound
   */
  public void run(Trace trace) {
    if (!unbound.isEmpty()) {
      throw new IllegalStateException(
          "plan: expected every tensor of another's bound, not " + unbound);
    }
    if (trace.equals(Trace.OFF)) {
      replay.enqueue();
      backend.synchronize();
      return;
    }
    try {
      for (var step : steps) {
        trace.begin(step);
        backend.measure(step);
        step.launch().enqueue();
        trace.end(step);
      }
    } finally {
      backend.measure(null);
    }
    backend.synchronize();
    backend.report(trace::measured);
  }

  /** Releases the slab. */
  @Override
  public void close() {
    replay.close();
    slab.close();
  }

  private Place place(String name) {
    var place = places.get(name);
    if (place == null) {
      throw new IllegalArgumentException(name + ": expected one of " + names());
    }
    return place;
  }

  /** One compilation. */
  private static final class Compiler {
    private final Graph graph;
    private final Backend backend;
    private final PlanOptions options;
    private final List<Value> nodes;
    private final SequencedMap<String, Value> ports = new LinkedHashMap<>();
    private final Set<Value> bound = new HashSet<>();
    private final MemoryLayout layout = new MemoryLayout();
    private final List<Chosen> chosen;
    private final Map<Value, MemoryLayout.Block> blocks;
    private final boolean banks;
    private final MemoryLayout.Block sample;
    private final Map<Value, Slot> slots = new HashMap<>();

    private record Chosen(Value node, Kernel kernel, MemoryLayout.Block workspace) {}

    Compiler(Graph graph, Backend backend, PlanOptions options) {
      this.graph = graph;
      this.backend = backend;
      this.options = options;
      this.nodes = graph.live();
      for (var v : nodes) {
        if (v.op() instanceof Op.Input(var name)) {
          ports.put(name, v);
        }
      }
      ports.putAll(graph.outputs());
      ports.forEach((name, v) -> {
        if (graph.port(name) != Port.OWNED) {
          bound.add(v.root());
        }
      });
      banks = ports.keySet().stream().anyMatch(name -> graph.port(name) == Port.BANK);
      chosen = choose();
      blocks = blocks();
      sample = layout.add(banks ? Integer.BYTES : 0, -1, chosen.size());
    }

    long slabBytes() {
      return layout.place();
    }

    Plan compile(DeviceWeights weights) {
      var slab = backend.allocate(layout.place(), "activations");
      try {
        blocks.forEach((v, block) ->
            slots.put(v, new Slot(new Tensor(slab, block.offset(), v.shape(), v.dtype()))));
        // Until it is bound a slot holds nothing; the placeholder is never read.
        bound.forEach(v -> slots.put(v, new Slot(new Tensor(slab, 0, Shape.of(0), v.dtype()))));
        var unbound = new HashSet<String>();
        var places = new LinkedHashMap<String, Place>();
        ports.forEach((name, v) -> {
          if (graph.port(name) != Port.OWNED) {
            unbound.add(name);
          }
          places.put(name, new Place(v, slot(v.root())));
        });
        var steps = new ArrayList<Step>();
        for (var c : chosen) {
          var launch = c.kernel().bind(bindings(slab, c, weights));
          steps.add(new Step(c.node(), c.kernel(), launch, c.node().cost(weights::dtype)));
        }
        var at = new Tensor(slab, sample.offset(), Shape.of(banks ? 1 : 0), DType.I32);
        return new Plan(backend, List.copyOf(steps), slab, places, unbound, at);
      } catch (RuntimeException | Error e) {
        slab.close();
        throw e;
      }
    }

    private List<Chosen> choose() {
      var missing = new ArrayList<String>();
      var found = new ArrayList<Chosen>();
      for (var node : nodes) {
        if (!computed(node)) {
          continue;
        }
        Optional<Kernel> kernel;
        try {
          kernel = backend.select(node, options.kernels());
        } catch (UnsupportedOpException e) {
          missing.add(String.valueOf(e.getMessage()));
          continue;
        }
        if (kernel.isEmpty()) {
          missing.add(node + options.kernels().asked(node));
          continue;
        }
        int step = found.size();
        long scratch = kernel.get().workspaceBytes();
        found.add(new Chosen(node, kernel.get(), layout.add(scratch, step, step)));
      }
      if (!missing.isEmpty()) {
        throw new UnsupportedOpException(
            backend.device() + " has no kernel for:\n  " + String.join("\n  ", missing));
      }
      return found;
    }

    /** A block for every value that is stored, alive from its step to its last reader's. */
    private Map<Value, MemoryLayout.Block> blocks() {
      var placed = new LinkedHashMap<Value, MemoryLayout.Block>();
      int end = chosen.size();
      for (var v : ports.values()) {
        // Inputs stay as they were written from one run to the next.
        if (v.op() instanceof Op.Input && !bound.contains(v)) {
          placed.put(v, layout.add(bytes(v), -1, end));
        }
      }
      for (int step = 0; step < chosen.size(); step++) {
        var node = chosen.get(step).node();
        for (var in : node.inputs()) {
          var block = placed.get(in.root());
          if (block != null) {
            block.keepUntil(step);
          }
        }
        if (!bound.contains(node)) {
          placed.put(node, layout.add(bytes(node), step, step));
        }
      }
      for (var v : ports.values()) {
        var block = placed.get(v.root());
        if (block != null) {
          block.keepUntil(end);
        }
      }
      return placed;
    }

    private Bindings bindings(DeviceMemory slab, Chosen c, DeviceWeights weights) {
      var scratch =
          new Slot(
              new Tensor(
                  slab,
                  c.workspace().offset(),
                  Shape.of(Math.toIntExact(c.kernel().workspaceBytes() / Float.BYTES)),
                  DType.F32));
      return new Bindings() {
        @Override
        public Slot slot(Value v) {
          return Compiler.this.slot(v.root());
        }

        @Override
        public Slot workspace() {
          return scratch;
        }

        @Override
        public DeviceWeights weights() {
          return weights;
        }
      };
    }

    private Slot slot(Value root) {
      var slot = slots.get(root);
      if (slot == null) {
        throw new IllegalStateException(root + ": has no place in memory");
      }
      return slot;
    }

    private static boolean computed(Value v) {
      return !(v.op() instanceof Op.Input
          || v.op() instanceof Op.Weight
          || v.op() instanceof Op.Reshape);
    }

    private static long bytes(Value v) {
      return Math.multiplyExact(v.shape().size(), v.dtype().bytes());
    }
  }
}
