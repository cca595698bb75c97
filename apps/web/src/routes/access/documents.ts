/** What the page of access asks the server. */
import { graphql, type ResultOf, type VariablesOf } from '#lib/api.ts'

const MemberFields = graphql(`
  fragment MemberFields on Member {
    account { id name disabledAt signsIn invitedUntil }
    role
    addedAt
  }
`)
const TokenFields = graphql(`
  fragment TokenFields on AccessToken {
    id name hint scope workspace createdAt expiresAt usedAt isRenewed
  }
`)
const AccountFields = graphql(`
  fragment AccountFields on Account {
    id name email isAdmin isService createdAt disabledAt signsIn invitedUntil
  }
`)

export type Member = ResultOf<typeof MemberFields>
export type Token = ResultOf<typeof TokenFields>
export type Account = ResultOf<typeof AccountFields>
export type Role = Member['role']

const PersonFields = graphql(`fragment PersonFields on Account { id name disabledAt signsIn invitedUntil }`)
const TeamFields = graphql(`fragment TeamFields on Team { id name description role createdAt members { ...PersonFields } }`, [PersonFields])
const RoleFields = graphql(
  `fragment RoleFields on CustomRole {
    id name description teams
    accounts { ...PersonFields }
    rules { id kind about permission stage alias isOwn tags { key value } }
  }`,
  [PersonFields],
)
export type Team = ResultOf<typeof TeamFields>
export type CustomRole = ResultOf<typeof RoleFields>
export type Rule = CustomRole['rules'][number]
export type Permission = Rule['permission']

export const People = graphql(
  `subscription People {
    accessChanged { members { ...MemberFields } teams { ...TeamFields } roles { ...RoleFields } }
  }`,
  [MemberFields, TeamFields, RoleFields],
)
export const SetMember = graphql(
  `mutation SetMember($account: String!, $role: Role!) { setMember(account: $account, role: $role) { member { ...MemberFields } } }`,
  [MemberFields],
)
export const RemoveMember = graphql(`mutation RemoveMember($account: String!) { removeMember(account: $account) { name } }`)
export const Explain = graphql(`
  query Explain($account: String!, $may: AbilityName!, $experiment: ID, $model: String) {
    access(account: $account, may: $may, experiment: $experiment, model: $model) { allowed because }
  }
`)
export type Ability = VariablesOf<typeof Explain>['may']

export const CreateTeam = graphql(`
  mutation CreateTeam($name: String!, $description: String, $role: Role) {
    createTeam(name: $name, description: $description, role: $role) { team { id } }
  }
`)
export const UpdateTeam = graphql(`
  mutation UpdateTeam($team: String!, $name: String, $role: Role) { updateTeam(team: $team, name: $name, role: $role) { team { id } } }
`)
export const DeleteTeam = graphql(`mutation DeleteTeam($team: String!) { deleteTeam(team: $team) { name } }`)
export const JoinTeam = graphql(`
  mutation JoinTeam($team: String!, $account: String!) { joinTeam(team: $team, account: $account) { team { id } } }
`)
export const LeaveTeam = graphql(`
  mutation LeaveTeam($team: String!, $account: String!) { leaveTeam(team: $team, account: $account) { team { id } } }
`)

export const CreateRole = graphql(`
  mutation CreateRole($name: String!, $description: String) { createRole(name: $name, description: $description) { role { id } } }
`)
export const DeleteRole = graphql(`mutation DeleteRole($role: ID!) { deleteRole(role: $role) { id } }`)
export const AddRule = graphql(`
  mutation AddRule(
    $role: ID!, $kind: SecurableKind!, $permission: Permission!,
    $about: String, $tags: [TagConditionInput!], $stage: String, $alias: String, $isOwn: Boolean
  ) {
    addRule(role: $role, kind: $kind, permission: $permission, about: $about, tags: $tags, stage: $stage, alias: $alias, isOwn: $isOwn) {
      rule { id }
    }
  }
`)
export const UpdateRule = graphql(`
  mutation UpdateRule($rule: ID!, $permission: Permission!) { updateRule(rule: $rule, permission: $permission) { rule { id } } }
`)
export const RemoveRule = graphql(`mutation RemoveRule($rule: ID!) { removeRule(rule: $rule) { role { id } } }`)
export const AssignRole = graphql(`
  mutation AssignRole($role: ID!, $account: String, $team: String) { assignRole(role: $role, account: $account, team: $team) { role { id } } }
`)
export const UnassignRole = graphql(`
  mutation UnassignRole($role: ID!, $account: String, $team: String) {
    unassignRole(role: $role, account: $account, team: $team) { role { id } }
  }
`)

export const Tokens = graphql(`query Tokens { tokens { ...TokenFields } }`, [TokenFields])
export const CreateToken = graphql(
  `mutation CreateToken($account: String, $name: String!, $scope: TokenScope, $workspace: String, $expiresAt: Timestamp) {
    createToken(account: $account, name: $name, scope: $scope, workspace: $workspace, expiresAt: $expiresAt) { secret token { ...TokenFields } }
  }`,
  [TokenFields],
)
export const RenewToken = graphql(
  `mutation RenewToken($account: String, $id: ID!, $overlap: Long) {
    renewToken(account: $account, id: $id, overlap: $overlap) { secret token { ...TokenFields } }
  }`,
  [TokenFields],
)
export const RevokeToken = graphql(`
  mutation RevokeToken($account: String, $id: ID!) { revokeToken(account: $account, id: $id) { token { id } } }
`)

const ServiceFields = graphql(
  `fragment ServiceFields on ServiceAccount { id name about role createdAt disabledAt tokens { ...TokenFields } }`,
  [TokenFields],
)
export type Service = ResultOf<typeof ServiceFields>
export const Services = graphql(`query Services { serviceAccounts { ...ServiceFields } }`, [ServiceFields])
export const CreateService = graphql(
  `mutation CreateService($name: String!, $about: String, $role: Role) {
    createServiceAccount(name: $name, about: $about, role: $role) { service { ...ServiceFields } }
  }`,
  [ServiceFields],
)
export const UpdateService = graphql(
  `mutation UpdateService($account: String!, $isDisabled: Boolean) {
    updateServiceAccount(account: $account, isDisabled: $isDisabled) { service { ...ServiceFields } }
  }`,
  [ServiceFields],
)
export const DeleteService = graphql(`mutation DeleteService($account: String!) { deleteServiceAccount(account: $account) { name } }`)

export const ChangePassword = graphql(`
  mutation ChangePassword($current: String!, $next: String!) { changePassword(current: $current, next: $next) { account { id } } }
`)

export const Accounts = graphql(`query Accounts { accounts { ...AccountFields } mail { from } }`, [AccountFields])
export const CreateAccount = graphql(
  `mutation CreateAccount($name: String!, $email: String, $isAdmin: Boolean) {
    createAccount(name: $name, email: $email, isAdmin: $isAdmin) { link mailedTo account { ...AccountFields } }
  }`,
  [AccountFields],
)
export const ResetPassword = graphql(`
  mutation ResetPassword($id: ID!, $mail: Boolean!) { resetPassword(id: $id, mail: $mail) { link mailedTo account { id name } } }
`)
export const WithdrawInvitation = graphql(`mutation WithdrawInvitation($id: ID!) { withdrawInvitation(id: $id) { account { id } } }`)
export const UpdateAccount = graphql(
  `mutation UpdateAccount($id: ID!, $isAdmin: Boolean, $isDisabled: Boolean, $force: Boolean) {
    updateAccount(id: $id, isAdmin: $isAdmin, isDisabled: $isDisabled, force: $force) { account { ...AccountFields } }
  }`,
  [AccountFields],
)

export const CreateWorkspace = graphql(`
  mutation CreateWorkspace($name: String!, $description: String) {
    createWorkspace(name: $name, description: $description) { workspace { id name } }
  }
`)
export const UpdateWorkspace = graphql(`
  mutation UpdateWorkspace($workspace: String!, $name: String, $description: String) {
    updateWorkspace(workspace: $workspace, name: $name, description: $description) { workspace { id name } }
  }
`)
export const ArchivedWorkspaces = graphql(`query ArchivedWorkspaces { archivedWorkspaces { name archivedAt } }`)
export type Archived = ResultOf<typeof ArchivedWorkspaces>['archivedWorkspaces'][number]
export const ArchiveWorkspace = graphql(`
  mutation ArchiveWorkspace($workspace: String!) { archiveWorkspace(workspace: $workspace) { workspace { id } } }
`)
export const RestoreWorkspace = graphql(`
  mutation RestoreWorkspace($workspace: String!) { restoreWorkspace(workspace: $workspace) { workspace { id } } }
`)

const AuditFields = graphql(`
  fragment AuditFields on AuditEntry {
    id time actor through address operation target outcome detail before after
  }
`)
export type AuditEntry = ResultOf<typeof AuditFields>
export const AuditLog = graphql(
  `query AuditLog($search: String, $refused: Boolean, $everywhere: Boolean, $first: Int!, $after: String) {
    auditLog(search: $search, refused: $refused, everywhere: $everywhere, first: $first, after: $after) { next keptDays entries { ...AuditFields } }
  }`,
  [AuditFields],
)

const SsoFields = graphql(`
  fragment SsoFields on Sso {
    id name issuer clientId groupsClaim enabled signsOut adminGroups redirectUri signedOutUri
    rules { group workspace role }
  }
`)
export type Sso = ResultOf<typeof SsoFields>
export const Providers = graphql(`query Providers { ssoProviders { ...SsoFields } }`, [SsoFields])
export const AddSso = graphql(`mutation AddSso($input: SetSsoInput!) { addSso(input: $input) { sso { ...SsoFields } } }`, [SsoFields])
export const SetSso = graphql(`mutation SetSso($input: SetSsoInput!) { setSso(input: $input) { sso { ...SsoFields } } }`, [SsoFields])
export const TestSso = graphql(`mutation TestSso($id: ID!) { testSso(id: $id) { ok message } }`)
export const DeleteSso = graphql(`mutation DeleteSso($id: ID!) { deleteSso(id: $id) { deleted } }`)

export const Identities = graphql(`query Identities { identities { id name provider seenAt } }`)
export type Identity = ResultOf<typeof Identities>['identities'][number]
export const UnlinkIdentity = graphql(`mutation UnlinkIdentity($id: ID!) { unlinkIdentity(id: $id) { id } }`)

const MailFields = graphql(`
  fragment MailFields on MailSettings {
    from host
    recent(first: 8) { id to subject state createdAt error }
  }
`)
export type MailSettings = ResultOf<typeof MailFields>
export const ReadMail = graphql(`query ReadMail { mail { ...MailFields } }`, [MailFields])
export const TestMail = graphql(`mutation TestMail($to: String!) { testMail(to: $to) { ok message } }`)
