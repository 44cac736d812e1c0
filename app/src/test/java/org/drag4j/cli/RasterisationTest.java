package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.VMDisconnectEvent;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.drag4j.geometry.Polygon;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How often an edit rasterises a polygon, counted by a debugger in a process of its own. */
class RasterisationTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder = Path.of("");

  /** Rasterised polygons, by the thread that did it. */
  private static Map<String, Integer> counted(String command) throws Exception {
    var connector = Bootstrap.virtualMachineManager().defaultConnector();
    var arguments = connector.defaultArguments();
    Objects.requireNonNull(arguments.get("options"))
        .setValue(
            "--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp \"%s\""
                .formatted(System.getProperty("java.class.path")));
    Objects.requireNonNull(arguments.get("main")).setValue(Drag4j.class.getName() + " " + command);
    var vm = connector.launch(arguments);
    drain(vm.process().getInputStream());
    drain(vm.process().getErrorStream());
    var prepared = vm.eventRequestManager().createClassPrepareRequest();
    prepared.addClassFilter(Polygon.class.getName());
    prepared.enable();
    var counts = new TreeMap<String, Integer>();
    count(vm, counts);
    assertEquals(0, vm.process().waitFor(), command);
    return counts;
  }

  private static void count(VirtualMachine vm, Map<String, Integer> counts) throws Exception {
    while (true) {
      var events = vm.eventQueue().remove();
      for (var event : events) {
        switch (event) {
          case ClassPrepareEvent polygon -> {
            var rasterise = polygon.referenceType().methodsByName("rasterise").getFirst();
            vm.eventRequestManager().createBreakpointRequest(rasterise.location()).enable();
          }
          case BreakpointEvent hit -> counts.merge(hit.thread().name(), 1, Integer::sum);
          case VMDisconnectEvent _ -> {
            return;
          }
          default -> {}
        }
      }
      events.resume();
    }
  }

  /** A process whose output nobody reads would wait. */
  private static void drain(InputStream output) {
    Thread.ofVirtual()
        .start(() -> {
          try (output) {
            output.transferTo(OutputStream.nullOutputStream());
          } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Two drags are four polygons; picture, window and what the model sees are of one size here. */
  @Test
  void anEditRasterisesEveryRegionOnceAView() throws Exception {
    var out = folder.resolve("eyes.png");
    var counts =
        counted(
            "edit %s --model %s --steps 4 --progress none -o %s"
                .formatted(ROOT.resolve("samples/eyes.json"), ROOT.resolve("models/demo"), out));
    assertTrue(Files.exists(out));
    counts.keySet().removeIf(thread -> thread.startsWith("head start"));
    assertEquals(4, counts.values().stream().mapToInt(Integer::intValue).sum(), counts::toString);
  }
}
