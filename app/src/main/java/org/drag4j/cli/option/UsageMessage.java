package org.drag4j.cli.option;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in the form of all messages. */
public final class UsageMessage {
  private UsageMessage() {}

  /** The message without what to do about it, which is the same for all. */
  public static String of(ParameterException e) {
    return switch (e) {
      case UnmatchedArgumentException unmatched when !unmatched.getUnmatched().isEmpty() ->
          unmatched(unmatched);
      case MissingParameterException missing when !missing.getMissing().isEmpty() ->
          (missing.getMissing().getFirst() instanceof OptionSpec option
                  ? option.longestName()
                  : e.getCommandLine().getCommandName())
              + ": expected "
              + missing.getMissing().getFirst().paramLabel()
              + ", got nothing";
      default -> value(e);
    };
  }

  /**
   * Checks an option's value.
   *
   * @throws ParameterException where it is not within {@code from} and {@code to}
   */
  public static void requireRange(CommandSpec spec, String option, long from, long to, Number got) {
    if (!(got.doubleValue() >= from && got.doubleValue() <= to)) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(Locale.ROOT, "%s: expected %d to %d, got %s", option, from, to, got));
    }
  }

  private static String unmatched(UnmatchedArgumentException e) {
    String argument = e.getUnmatched().getFirst();
    boolean option = e.isUnknownOption();
    boolean commands = !e.getCommandLine().getSubcommands().isEmpty();
    String expected =
        (option ? "an option of " : commands ? "a command of " : "no further argument of ")
            + e.getCommandLine().getCommandSpec().qualifiedName();
    var near = e.getSuggestions();
    return argument
        + ": expected "
        + expected
        + ", got "
        + (option || commands ? "an unknown one" : "one")
        + (near.isEmpty() ? "" : "; did you mean " + near.getFirst().strip() + "?");
  }

  private static String value(ParameterException e) {
    @Nullable ArgSpec argument = e.getArgSpec();
    @Nullable String value = e.getValue();
    String message = String.valueOf(e.getMessage());
    if (argument == null || value == null || e.getCause() == null) {
      return message;
    }
    String own = String.valueOf(e.getCause().getMessage());
    if (own.startsWith("expected ") && !isEnum(argument)) {
      return name(argument) + ": " + own;
    }
    return name(argument) + ": expected " + expected(argument) + ", got '" + value + "'";
  }

  private static boolean isEnum(ArgSpec argument) {
    return type(argument).isEnum();
  }

  /** The type of one value. */
  private static Class<?> type(ArgSpec argument) {
    var types = argument.auxiliaryTypes();
    return types == null || types.length == 0 ? argument.type() : types[types.length - 1];
  }

  private static String expected(ArgSpec argument) {
    var type = type(argument);
    if (type.isEnum()) {
      return "one of "
          + Arrays.stream(type.getEnumConstants())
              .map(value -> String.valueOf(value).toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(", "));
    }
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    return argument.paramLabel();
  }

  private static String name(ArgSpec argument) {
    return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
  }
}
