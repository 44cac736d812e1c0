package org.drag4j.cli;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.Host;
import org.drag4j.document.MaskSource;
import org.drag4j.engine.Edit;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every sample says where to look, and what it says to try next can be done and does more. */
class SampleHintsTest {
  private static final AppHome HOME = new AppHome(Path.of(".."));

  private static final Pattern COMMAND =
      Pattern.compile("\\./drag4j demo (\\S+) (?:--seed (\\d+)|--set '?([^']*?)'?)");

  static Stream<String> samples() throws IOException {
    return HOME.samples().stream();
  }

  @ParameterizedTest
  @MethodSource("samples")
  void aHintIsTrue(String name) throws IOException {
    var hint = HOME.hint(name);
    assertFalse(hint.look().isBlank());
    var matcher = COMMAND.matcher(hint.next());
    assertTrue(matcher.matches(), hint.next());
    assertEquals(name, matcher.group(1));
    var edit = Edit.read(HOME.sample(name)).checked();
    var document = edit.document();
    if (matcher.group(3) != null) {
      var changed = Documents.set(document, "--set", List.of(matcher.group(3)), MaskSource.NONE);
      assertNotEquals(document, changed);
      assertTrue(edit.with(changed).tasks(256, RegionMask.CELL).size() > 0);
    } else {
      assertNotEquals(document.seed(), Long.parseLong(matcher.group(2)));
    }
    Picture original = edit.original();
    assertEquals(List.of(), edit.warnings(edit.tasks(256, RegionMask.CELL)), name);
    assertTrue(original.width() >= 256);
  }

  @ParameterizedTest
  @MethodSource("samples")
  void helpNamesIt(String name) {
    var commands = Drag4j.commandLine(new Host(Map.of(), false, () -> false), "demo");
    var help = requireNonNull(commands.getSubcommands().get("demo")).getUsageMessage();
    assertTrue(help.contains(name), help);
  }
}
