package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.engine.Metadata;
import org.drag4j.engine.Provenance;
import org.drag4j.picture.PictureFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j info}: what a picture is, and how it was made. */
@Command(
    name = "info",
    description = "Print size and texts of a picture: the edit document and parameters it carries.",
    mixinStandardHelpOptions = true)
public final class InfoCommand implements Callable<Integer> {
  private static final Set<String> JSON =
      Set.of(Metadata.DOCUMENT, Metadata.RUN, Provenance.KEYWORD);

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "FILE.png", description = "A PNG, JPEG, WebP or BMP.")
  Path file = Path.of("");

  @Option(
      names = "--json",
      description = "Print one JSON object; texts that are JSON become parts of it.")
  boolean json;

  @Override
  public Integer call() {
    var warnings = ConsoleProgress.warnings(spec.commandLine().getErr());
    var loaded = PictureFiles.load(file, Optional.empty(), warnings::warn);
    var picture = loaded.picture();
    var texts = loaded.metadata().texts();
    var out = spec.commandLine().getOut();
    if (json) {
      var mapper = new JsonMapper();
      var fields = new LinkedHashMap<String, Object>();
      fields.put("file", file.toString());
      fields.put("width", picture.width());
      fields.put("height", picture.height());
      fields.put("alpha", !picture.isOpaque());
      fields.put("sha256", loaded.sha256());
      var values = new LinkedHashMap<String, Object>();
      texts.forEach((keyword, text) -> values.put(keyword, value(mapper, keyword, text)));
      fields.put("texts", values);
      fields.put("warnings", warnings.takeWarnings());
      out.println(mapper.writeValueAsString(fields));
    } else {
      out.printf(
          Locale.ROOT,
          "%s: %dx%d%s%n",
          file,
          picture.width(),
          picture.height(),
          picture.isOpaque() ? "" : ", with transparency");
      texts.forEach((keyword, text) ->
          out.printf(Locale.ROOT, "%n%s:%n%s%n", printable(keyword), printable(text.strip())));
      if (texts.isEmpty()) {
        out.println("carries no texts");
      }
    }
    out.flush();
    return ExitCode.OK;
  }

  private static Object value(JsonMapper mapper, String keyword, String text) {
    if (!JSON.contains(keyword)) {
      return text;
    }
    try {
      return mapper.readTree(text);
    } catch (JacksonException e) {
      return text;
    }
  }

  /** A file may carry anything: no control characters reach the terminal. */
  private static String printable(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\\n\\t]]", "?");
  }
}
