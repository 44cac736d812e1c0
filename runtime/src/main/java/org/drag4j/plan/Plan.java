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
  private final SequencedMap<String, Port> ports;
  private final Set<String> unbound;
  private final Tensor sample;
  private final Replay replay;
  private int first;

  /** A named input or output: the value it stands for, of which type and where that is. */
  private record Port(Value value, DType dtype, Slot slot) {
    int samples() {
      return value.shape().dim(0);
    }
  }

  private Plan(
      Backend backend,
      List<Step> steps,
      DeviceMemory slab,
      SequencedMap<String, Port> ports,
      Set<String> unbound,
      Tensor sample) {
    this.backend = backend;
    this.steps = steps;
    this.slab = slab;
    this.ports = ports;
    this.unbound = unbound;
    this.sample = sample;
    replay = backend.replay(steps.stream().map(Step::launch).toList());
  }

  /**
   * Compiles what the graph's outputs need.
   *
   * @throws UnsupportedOpException listing every node the device has no kernel for
   * @throws org.drag4j.device.DeviceException where the options force a kernel it has not
   * @throws org.drag4j.device.DeviceMemoryException where the slab does not fit
   */
  public static Plan compile(
      Graph graph, Backend backend, DeviceWeights weights, PlanOptions options) {
    return new Compiler(fused(graph, backend, options), backend, options).compile(weights);
  }

  /**
   * Bytes of the slab that a plan of this graph would have; nothing is allocated.
   *
   * @throws UnsupportedOpException listing every node the device has no kernel for
   */
  public static long slabBytes(Graph graph, Backend backend, PlanOptions options) {
    return new Compiler(fused(graph, backend, options), backend, options).slabBytes();
  }

  private static Graph fused(Graph graph, Backend backend, PlanOptions options) {
    backend.check(options.kernels());
    return Fusion.apply(
        graph, options.fusionsOff(), v -> backend.select(v, options.kernels()).isPresent());
  }

  /** What runs, in order. */
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
    return ports.sequencedKeySet();
  }

  /**
   * The tensor an input is read from or an output is written to.
   *
   * @throws IllegalArgumentException where there is none of that name, or it is not bound yet
   */
  public Tensor tensor(String name) {
    var port = port(name);
    if (unbound.contains(name)) {
      throw new IllegalArgumentException(name + ": expected to be bound before use, got no tensor");
    }
    var at = port.slot().tensor();
    return new Tensor(at.memory(), at.offset(), port.value().shape(), port.dtype());
  }

  /** The value an input or output stands for. */
  public Value value(String name) {
    return port(name).value();
  }

  /** Element type of an input or output on the device. */
  public DType dtype(String name) {
    return port(name).dtype();
  }

  /**
   * Makes the next runs read an input from, or write an output to, another tensor of the device.
   *
   * @throws IllegalArgumentException where name, shape, type or device do not fit
   */
  public void bind(String name, Tensor tensor) {
    var port = port(name);
    check(name, port, tensor, tensor.shape().equals(port.value().shape()));
    port.slot().rebind(tensor);
    unbound.remove(name);
  }

  /**
   * Makes the next runs read inputs from, and write outputs to, samples of banks.
   *
   * @param banks by name; each like the input or output, with any number of samples
   * @param from the sample with which a run begins, of these banks and of those bound before
   * @throws IllegalArgumentException where a name, shape, type or device does not fit, or a bank
   *     ends before a run's last sample
   */
  public void bindBanks(Map<String, Tensor> banks, int from) {
    banks.forEach((name, all) -> {
      var port = port(name);
      var shape = port.value().shape();
      boolean fits =
          shape.rank() > 0
              && all.shape().rank() == shape.rank()
              && all.shape().equals(shape.with(0, all.shape().dim(0)));
      check(name, port, all, fits);
    });
    ports.forEach((name, port) -> {
      var bank = port.slot().bank();
      var all = banks.get(name);
      if (all != null) {
        checkSamples(name, port, all, from);
      } else if (bank != null) {
        checkSamples(name, port, bank.all(), from);
      }
    });
    if (from != first) {
      sample.write(new int[] {from});
      first = from;
    }
    ports.forEach((name, port) -> {
      var bank = port.slot().bank();
      var all = banks.get(name);
      if (all != null) {
        port.slot().rebind(new Slot.Bank(all, sample), from, port.samples());
        unbound.remove(name);
      } else if (bank != null) {
        port.slot().rebind(bank, from, port.samples());
      }
    });
  }

  private static void checkSamples(String name, Port port, Tensor all, int from) {
    if (from < 0 || from > all.shape().dim(0) - port.samples()) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + port.samples()
              + " samples from "
              + from
              + " on, got a bank of "
              + all.shape().dim(0));
    }
  }

  private void check(String name, Port port, Tensor tensor, boolean fits) {
    if (!fits
        || tensor.dtype() != port.dtype()
        || !tensor.memory().device().equals(backend.device())) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + port.value().shape()
              + " "
              + port.dtype()
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
   * @throws IllegalStateException where an external tensor was never bound
   */
  public void run(Trace trace) {
    if (!unbound.isEmpty()) {
      throw new IllegalStateException("plan: expected every external tensor bound, not " + unbound);
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

  private Port port(String name) {
    var port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException(name + ": expected one of " + names());
    }
    return port;
  }

  /** One compilation. */
  private static final class Compiler {
    private final Graph graph;
    private final Backend backend;
    private final PlanOptions options;
    private final List<Value> nodes;
    private final SequencedMap<String, Value> ports;
    private final Set<Value> external = new HashSet<>();
    // What the caller sees is of the type the graph says.
    private final Set<Value> seen = new HashSet<>();
    private final MemoryLayout layout = new MemoryLayout();
    private final List<Chosen> chosen;
    private final Map<Value, MemoryLayout.Block> blocks;
    private final MemoryLayout.Block sample;
    private final Map<Value, Slot> slots = new HashMap<>();

    private record Chosen(Value node, Kernel kernel, MemoryLayout.Block workspace) {}

    Compiler(Graph graph, Backend backend, PlanOptions options) {
      this.graph = graph;
      this.backend = backend;
      this.options = options;
      this.nodes = graph.live();
      ports = portNames();
      ports.forEach((name, v) -> {
        if (options.external().test(name)) {
          external.add(root(v));
        }
        if (!options.kept().test(name)) {
          seen.add(root(v));
        }
      });
      chosen = choose();
      blocks = blocks();
      sample = layout.add(external.isEmpty() ? 0 : Integer.BYTES, -1, chosen.size());
    }

    long slabBytes() {
      return layout.place();
    }

    Plan compile(DeviceWeights weights) {
      var slab = backend.allocate(layout.place(), "activations");
      try {
        for (var e : blocks.entrySet()) {
          var v = e.getKey();
          slots.put(v, new Slot(new Tensor(slab, e.getValue().offset(), v.shape(), dtype(v))));
        }
        var unbound = new HashSet<String>();
        var bound = new LinkedHashMap<String, Port>();
        ports.forEach((name, v) -> {
          var root = root(v);
          if (options.external().test(name)) {
            // Until it is bound the slot holds nothing; the placeholder is never read.
            slots.putIfAbsent(root, new Slot(new Tensor(slab, 0, Shape.of(0), dtype(root))));
            unbound.add(name);
          }
          bound.put(name, new Port(v, dtype(root), slot(root)));
        });
        var steps = new ArrayList<Step>();
        for (var c : chosen) {
          var launch = c.kernel().bind(bindings(slab, c, weights));
          steps.add(new Step(c.node(), c.kernel(), launch, c.node().cost()));
        }
        var at = new Tensor(slab, sample.offset(), Shape.of(external.isEmpty() ? 0 : 1), DType.I32);
        return new Plan(backend, List.copyOf(steps), slab, bound, unbound, at);
      } catch (RuntimeException | Error e) {
        slab.close();
        throw e;
      }
    }

    private SequencedMap<String, Value> portNames() {
      var named = new LinkedHashMap<String, Value>();
      for (var v : nodes) {
        if (v.op() instanceof Op.Input(var name)) {
          named.put(name, v);
        }
      }
      var taken = new HashMap<Value, String>();
      graph
          .outputs()
          .forEach((name, v) -> {
            var other = taken.putIfAbsent(root(v), name);
            boolean aliased = other != null || root(v).op() instanceof Op.Input;
            if (aliased && options.external().test(name)) {
              throw new IllegalArgumentException(
                  "output "
                      + name
                      + ": expected a value of its own to bind, got that of "
                      + root(v).path());
            }
            named.put(name, v);
          });
      return named;
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
        if (v.op() instanceof Op.Input && !external.contains(v)) {
          placed.put(v, layout.add(bytes(v, dtype(v)), -1, end));
        }
      }
      for (int step = 0; step < chosen.size(); step++) {
        var node = chosen.get(step).node();
        for (var in : node.inputs()) {
          var block = placed.get(root(in));
          if (block != null) {
            block.keepUntil(step);
          }
        }
        if (!external.contains(node)) {
          placed.put(node, layout.add(bytes(node, dtype(node)), step, step));
        }
      }
      for (var v : ports.values()) {
        var block = placed.get(root(v));
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
          return Compiler.this.slot(root(v));
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

    /** What a chain of reshapes is a view of. */
    private static Value root(Value v) {
      while (v.op() instanceof Op.Reshape) {
        v = v.in(0);
      }
      return v;
    }

    /** Type in which a value that is no view is stored. */
    private DType dtype(Value v) {
      return v.dtype() == DType.F32 && !seen.contains(v) ? backend.activations() : v.dtype();
    }

    private static long bytes(Value v, DType dtype) {
      return Math.multiplyExact(v.shape().size(), dtype.bytes());
    }
  }
}
