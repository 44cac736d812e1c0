package org.drag4j.cli.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.Probe;
import org.drag4j.engine.JsonText;
import org.drag4j.tune.TunedFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code drag4j devices}: what can run networks here, and why the rest cannot. */
@Command(
    name = "devices",
    description = "List the devices of this machine, and why some cannot be used.",
    mixinStandardHelpOptions = true)
public final class DevicesCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print a JSON list.")
  boolean json;

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    var rows = new ArrayList<Map<String, Object>>();
    for (var probe : Devices.probe()) {
      int tuned = tuned(probe);
      var row = row(probe);
      if (tuned > 0) {
        row.put("tuned", tuned);
      }
      rows.add(row);
      if (!json) {
        lines(probe).forEach(out::println);
        if (tuned > 0) {
          out.println(line("", "", "tuned: " + tuned + " shapes, by drag4j tune"));
        }
      }
    }
    if (json) {
      out.println(JsonText.of(rows));
    }
    out.flush();
    return ExitCode.OK;
  }

  /** Shapes that were measured, with all threads and activations in F32. */
  private static int tuned(Probe probe) {
    return probe instanceof Probe.Available(var device, var _)
        ? TunedFile.read(
                TunedFile.folderOfUser(), () -> Devices.tuningKey(device, DeviceOptions.DEFAULT))
            .map(read -> read.tuned().rankings().size())
            .orElse(0)
        : 0;
  }

  static List<String> lines(Probe probe) {
    return switch (probe) {
      case Probe.Available(var device, var info) -> {
        var lines = new ArrayList<String>();
        for (var text : info.lines().toList()) {
          lines.add(lines.isEmpty() ? line(device, "ready", text) : line("", "", text));
        }
        yield lines;
      }
      case Probe.Unavailable(var device, var reason, var hint) ->
          List.of(line(device, "unavailable", hint.isEmpty() ? reason : reason + "; " + hint));
    };
  }

  private static String line(String device, String state, String text) {
    return String.format(Locale.ROOT, "%-8s %-13s %s", device, state, text);
  }

  static Map<String, Object> row(Probe probe) {
    var row = new LinkedHashMap<String, Object>();
    row.put("device", probe.device());
    switch (probe) {
      case Probe.Available(var _, var info) -> {
        row.put("state", "ready");
        var lines = info.lines().toList();
        row.put("info", lines.getFirst());
        if (lines.size() > 1) {
          row.put("libraries", lines.subList(1, lines.size()));
        }
      }
      case Probe.Unavailable(var _, var reason, var hint) -> {
        row.put("state", "unavailable");
        row.put("reason", reason);
        row.put("hint", hint);
      }
    }
    return row;
  }
}
