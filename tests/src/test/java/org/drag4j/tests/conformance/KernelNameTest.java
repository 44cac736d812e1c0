package org.drag4j.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.drag4j.device.Backend;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Probe;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.RecordedCuda;
import org.drag4j.kernels.cuda.ShimCuda;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.OpCases;
import org.drag4j.tensor.DType;
import org.drag4j.trace.TimingTrace;
import org.junit.jupiter.api.Test;

/** Kernels of all devices are named alike, so that their tables can be joined. */
class KernelNameTest {
  /** {@code <op>_<dtype>_<algorithm>[_<tile>]}, and what else is done. */
  private static final Pattern NAME =
      Pattern.compile("([a-z0-9_]+?)_(f16|f32)_[a-z0-9]+(_[a-z0-9]+)*(\\+[a-z_]+)?");

  /** CUDA's only chooses: nothing is run. */
  private static Map<String, Backend> devices() {
    var all = new LinkedHashMap<String, Backend>();
    all.put("null", new NullBackend());
    all.put("cuda f32", new RecordedCuda().open(DType.F32, true));
    all.put("cuda f16", new RecordedCuda().open(DType.F16, true));
    for (var probe : Devices.probe()) {
      if (probe instanceof Probe.Available(var device, var _)) {
        all.put(device, Devices.open(device, DeviceOptions.DEFAULT));
      }
    }
    return all;
  }

  @Test
  void everyKernelIsNamedByOperationTypeAndAlgorithm() {
    var devices = devices();
    var labels = new TreeMap<String, Set<String>>();
    try {
      for (var c : OpCases.all()) {
        devices.forEach((device, backend) -> {
          var seen = labels.computeIfAbsent(device, _ -> new TreeSet<>());
          for (var node : Plan.nodes(c.build().graph(), backend, PlanOptions.DEFAULT)) {
            if (computes(node)) {
              check(device, backend, node, seen);
            }
          }
        });
      }
    } finally {
      devices.values().forEach(Backend::close);
    }
    var all = Objects.requireNonNull(labels.get("null"));
    assertFalse(all.isEmpty());
    all.add("cast"); // which only a device that stores activations in F16 needs
    labels.forEach((device, seen) -> {
      seen.add("cast");
      assertEquals(all, seen, device);
    });
  }

  private static boolean computes(Value v) {
    return !(v.op() instanceof Op.Input
        || v.op() instanceof Op.Weight
        || v.op() instanceof Op.Reshape);
  }

  private static void check(String device, Backend backend, Value node, Set<String> seen) {
    var label = node.op().label();
    var type = node.dtype() == DType.F16 ? "_f16_" : "_f32_";
    var candidates = backend.candidates(node, KernelOptions.DEFAULT).toList();
    for (var candidate : candidates) {
      var name = candidate.kernel().name();
      var which = device + ": " + name + " of " + node;
      assertTrue(NAME.matcher(name).matches(), which);
      assertTrue(name.startsWith(label + type), which);
      assertFalse(name.contains("plain"), which);
      seen.add(label);
      if (!backend.kernels().isEmpty()) {
        var known = backend.kernels().getOrDefault(label, List.of());
        assertTrue(known.contains(candidate.name()), which + ": " + candidate.name());
        // What is forced is what is listed.
        var forced = new KernelOptions(false, Map.of(label, candidate.name()));
        assertEquals(name, backend.select(node, forced).orElseThrow().name(), which);
      }
    }
    var names = candidates.stream().map(Candidate::name).toList();
    assertEquals(names.size(), Set.copyOf(names).size(), device + ": " + names);
  }

  /** Time by operation and path, as a table of one device has it. */
  private static Map<List<String>, TimingTrace.Row> table(Backend backend, String name) {
    var c = OpCases.all().stream().filter(o -> o.name().equals(name)).findFirst().orElseThrow();
    var built = c.build();
    var trace = new TimingTrace();
    try (var weights = backend.weights(built.weights());
        var plan = Plan.compile(built.graph(), backend, weights, PlanOptions.DEFAULT)) {
      built
          .inputs()
          .forEach((input, values) -> {
            var x = new float[values.length];
            for (int i = 0; i < x.length; i++) {
              x[i] = (float) values[i];
            }
            plan.tensor(input).write(x);
          });
      plan.run(trace);
    }
    var rows = new LinkedHashMap<List<String>, TimingTrace.Row>();
    for (var row : trace.byPath()) {
      assertEquals(null, rows.put(List.of(row.op(), row.path()), row), row.toString());
    }
    return rows;
  }

  @Test
  void tablesOfTwoDevicesJoinOnOperationAndPath() {
    var blocks = OpCases.all().stream().filter(c -> c.row().equals("block")).toList();
    var block = blocks.getFirst().name();
    Map<List<String>, TimingTrace.Row> cpu;
    Map<List<String>, TimingTrace.Row> cuda;
    try (var one = Devices.open("cpu", DeviceOptions.DEFAULT);
        var other = ShimCuda.open(DType.F32)) {
      cpu = table(one, block);
      cuda = table(other, block);
    }
    assertTrue(cpu.size() > 3, cpu.toString());
    var joined = new ArrayList<String>();
    cpu.forEach((key, row) -> {
      var beside = cuda.get(key);
      if (beside != null) {
        joined.add(String.join(" ", key) + ": " + row.kernel() + " | " + beside.kernel());
        assertEquals(row.op(), beside.op());
      }
    });
    assertEquals(cpu.keySet(), cuda.keySet(), joined.toString());
    assertEquals(
        cpu.values().stream().mapToInt(TimingTrace.Row::calls).sum(),
        cuda.values().stream().mapToInt(TimingTrace.Row::calls).sum());
  }
}
