package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.engine.JsonText;
import org.drag4j.weights.ModelInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j model info}: what is found at a path. */
@Command(
    name = "info",
    description = "Print what a model folder or a safetensors file holds.",
    mixinStandardHelpOptions = true)
public final class ModelInfoCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "PATH",
      description = "A model folder, a .safetensors file, or the index of a sharded one.")
  Path path = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  @Override
  public Integer call() {
    var info = ModelInfo.read(path);
    var out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonText.of(json(info)));
    } else {
      out.printf(
          Locale.ROOT,
          "%s: %s, %s parameters, %s%n",
          path,
          info.pipeline().orElse(info.parts().size() == 1 ? "weights" : "a model"),
          count(info.parameters()),
          size(info.bytes()));
      for (var part : info.parts()) {
        out.println(describe(part));
      }
    }
    out.flush();
    return ExitCode.OK;
  }

  private static String describe(ModelInfo.Part part) {
    var line = new StringBuilder(String.format(Locale.ROOT, "  %-13s", part.name()));
    if (part.tensors() > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              " %d tensors, %s parameters, %s, %s",
              part.tensors(),
              count(part.parameters()),
              part.dtypes().entrySet().stream()
                  .map(e -> e.getValue() + " " + e.getKey())
                  .collect(Collectors.joining(" + ")),
              size(part.bytes())));
    }
    part.config()
        .forEach((key, value) -> line.append("\n      ").append(key).append(": ").append(value));
    return line.toString().replaceAll(" +\n", "\n");
  }

  private static Map<String, Object> json(ModelInfo info) {
    var parts = new ArrayList<Map<String, Object>>();
    for (var part : info.parts()) {
      var row = new LinkedHashMap<String, Object>();
      row.put("name", part.name());
      row.put("tensors", part.tensors());
      row.put("parameters", part.parameters());
      row.put("bytes", part.bytes());
      var types = new LinkedHashMap<String, Integer>();
      part.dtypes().forEach((type, n) -> types.put(type.toString(), n));
      row.put("dtypes", types);
      row.put("config", part.config());
      parts.add(row);
    }
    var json = new LinkedHashMap<String, Object>();
    json.put("path", info.path().toString());
    info.pipeline().ifPresent(name -> json.put("pipeline", name));
    json.put("parameters", info.parameters());
    json.put("bytes", info.bytes());
    json.put("parts", parts);
    return json;
  }

  private static String count(long n) {
    if (n >= 1_000_000_000) {
      return String.format(Locale.ROOT, "%.2f billion", n / 1e9);
    }
    return n >= 1_000_000 ? String.format(Locale.ROOT, "%.1f million", n / 1e6) : String.valueOf(n);
  }

  private static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
